import { describe, expect, test } from 'bun:test';
import { type IdempotencyKey, newEventId, newToken, type Token } from '@parley/domain';
import { drawFrom } from '@parley/testing';
import { applicationCreated, chatCreated, messagesCreated } from './events.ts';
import { chatsOf, drawn, firstDrawn, messagesOf, type NumberingHarness, newKey } from './numbering.contract.ts';
import { opened } from './open-harness.ts';

export function numberingKeysContract(name: string, open: () => Promise<NumberingHarness>): void {
  describe(`${name} numbering, idempotency keys`, () => {
    const harness = opened(open);
    const again = (key: IdempotencyKey, count = 1) => ({ count, key });

    /** Makes an application with chat 1 as after their creates: durable, with both counters set. Returns the token. */
    async function acceptedChat(): Promise<Token> {
      const { numbering, makeDurable } = harness();
      const token = newToken();
      await makeDurable(applicationCreated({ token }));
      await makeDurable(chatCreated(token));
      await numbering.seed(chatsOf(token), { number: 1 });
      await numbering.seed(messagesOf(token), { number: 0 });
      return token;
    }

    test("a draw with a known key repeats the first draw's answer and draws nothing", async () => {
      const { numbering } = harness();
      const sequence = messagesOf();
      await numbering.seed(sequence, { number: 0 });
      const key = newKey();
      const first = await drawn(numbering, sequence, { count: 3, key });
      const repeated = await drawFrom(numbering, { sequence, ...again(key, 3) });
      expect(repeated).toMatchObject({ status: 'repeated', confirmed: false, ...first });
      expect(await firstDrawn(numbering, sequence)).toBe(4);
    });

    test('a known key with another body is a conflict and draws nothing', async () => {
      const { numbering } = harness();
      const sequence = chatsOf();
      await numbering.seed(sequence, { number: 0 });
      const key = newKey('one');
      await drawn(numbering, sequence, { key });
      const other = { ...key, body: newKey('two').body };
      expect(await drawFrom(numbering, { sequence, ...again(other) })).toEqual({ status: 'conflict' });
      expect(await drawFrom(numbering, { sequence, ...again(key) })).toMatchObject({ status: 'repeated', first: 1 });
      expect(await firstDrawn(numbering, sequence)).toBe(2);
    });

    test('of concurrent draws with one key only one draws, and the others repeat its answer', async () => {
      const { numbering } = harness();
      const sequence = messagesOf();
      await numbering.seed(sequence, { number: 0 });
      const key = newKey();
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => drawFrom(numbering, { sequence, ...again(key, 2) })),
      );
      expect(answers.filter(({ status }) => status === 'drawn')).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 'repeated')).toHaveLength(29);
      const events = new Set(answers.map((answer) => 'eventId' in answer && answer.eventId));
      expect(events.size).toBe(1);
      expect(await firstDrawn(numbering, sequence)).toBe(3);
    });

    test('different keys draw different numbers', async () => {
      const { numbering } = harness();
      const sequence = messagesOf();
      await numbering.seed(sequence, { number: 0 });
      const draws = Array.from({ length: 50 }, () => drawn(numbering, sequence, { key: newKey() }));
      expect((await Promise.all(draws)).map(({ first }) => first)).toEqual(
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
    });

    test('a key has no effect in another application', async () => {
      const { numbering } = harness();
      const key = newKey();
      for (const sequence of [messagesOf(), messagesOf()]) {
        await numbering.seed(sequence, { number: 0 });
        expect(await drawn(numbering, sequence, { key })).toMatchObject({ first: 1 });
      }
    });

    test('a key stays free if the sequence is missing', async () => {
      const { numbering } = harness();
      const [sequence, key] = [messagesOf(), newKey()];
      expect(await drawFrom(numbering, { sequence, ...again(key) })).toMatchObject({ status: 'missing' });
      await numbering.seed(sequence, { number: 0 });
      expect(await drawn(numbering, sequence, { key })).toMatchObject({ first: 1 });
    });

    test('a key is confirmed when its event is durable, and still repeats the same answer', async () => {
      const { numbering, makeDurable } = harness();
      const token = await acceptedChat();
      const key = newKey();
      const { first, eventId, epoch, at } = await drawn(numbering, messagesOf(token), { count: 2, key });
      await makeDurable(messagesCreated(token, first, ['a', 'b'], { id: eventId, epoch, at, key }));
      await numbering.confirm(token, key, eventId);
      const repeated = await drawFrom(numbering, { sequence: messagesOf(token), ...again(key, 2) });
      expect(repeated).toMatchObject({ status: 'repeated', confirmed: true, first, eventId, epoch, at });
      expect(await firstDrawn(numbering, messagesOf(token))).toBe(3);
    });

    test('a confirmed key with another body is still a conflict', async () => {
      const { numbering, makeDurable } = harness();
      const token = await acceptedChat();
      const key = newKey('one');
      const { first, eventId, epoch, at } = await drawn(numbering, chatsOf(token), { key });
      await makeDurable(chatCreated(token, { number: first, id: eventId, epoch, at, key }));
      await numbering.confirm(token, key, eventId);
      const other = { ...key, body: newKey('two').body };
      expect(await drawFrom(numbering, { sequence: chatsOf(token), ...again(other) })).toEqual({ status: 'conflict' });
      expect(await firstDrawn(numbering, chatsOf(token))).toBe(first + 1);
    });

    test("confirming a key with another event's id has no effect", async () => {
      const { numbering } = harness();
      const [sequence, key] = [messagesOf(), newKey()];
      await numbering.seed(sequence, { number: 0 });
      const { eventId } = await drawn(numbering, sequence, { key });
      await numbering.confirm(sequence.token, key, newEventId());
      expect(await drawFrom(numbering, { sequence, ...again(key) })).toMatchObject({ confirmed: false, eventId });
    });

    test('confirming an unknown key, even twice, does no harm', async () => {
      const { numbering } = harness();
      const [sequence, key] = [messagesOf(), newKey()];
      await numbering.seed(sequence, { number: 0 });
      await numbering.confirm(sequence.token, key, newEventId());
      await numbering.confirm(sequence.token, key, newEventId());
      expect(await drawn(numbering, sequence, { key })).toMatchObject({ first: 1 });
    });

    test('registering without a key returns the proposed token each time', async () => {
      const { numbering } = harness();
      for (const token of [newToken(), newToken()]) {
        expect(await numbering.register({ token })).toMatchObject({ status: 'drawn', token });
      }
    });

    test('registering with a known key returns the first token', async () => {
      const { numbering } = harness();
      const key = newKey();
      const token = numbering.newToken(key);
      const first = await numbering.register({ token, key });
      expect(first).toMatchObject({ status: 'drawn', token });
      const repeated = await numbering.register({ token: numbering.newToken(key), key });
      expect(repeated).toMatchObject({ ...first, status: 'repeated', confirmed: false });
    });

    test('registering with a known key and another body is a conflict', async () => {
      const { numbering } = harness();
      const key = newKey('one');
      await numbering.register({ token: numbering.newToken(key), key });
      const other = { ...key, body: newKey('two').body };
      const answer = await numbering.register({ token: numbering.newToken(other), key: other });
      expect(answer).toEqual({ status: 'conflict' });
    });

    test('concurrent registrations with one key all get the same token', async () => {
      const { numbering } = harness();
      const key = newKey();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => numbering.register({ token: numbering.newToken(key), key })),
      );
      expect(answers.filter(({ status }) => status === 'drawn')).toHaveLength(1);
      expect(new Set(answers.map((answer) => 'token' in answer && answer.token)).size).toBe(1);
    });

    test('a registration is confirmed once its application is durable', async () => {
      const { numbering, makeDurable } = harness();
      const key = newKey();
      const answer = await numbering.register({ token: numbering.newToken(key), key });
      if (answer.status !== 'drawn') throw new Error(`expected a draw, got ${answer.status}`);
      const { token, eventId, epoch, at } = answer;
      await makeDurable(applicationCreated({ token, id: eventId, epoch, at, key }));
      await numbering.confirm('applications', key, eventId);
      const repeated = await numbering.register({ token: numbering.newToken(key), key });
      expect(repeated).toMatchObject({ status: 'repeated', confirmed: true, token, eventId });
    });

    test("a registration's key has no effect within an application", async () => {
      const { numbering } = harness();
      const [sequence, key] = [chatsOf(), newKey()];
      await numbering.register({ token: numbering.newToken(key), key });
      await numbering.seed(sequence, { number: 0 });
      expect(await drawn(numbering, sequence, { key })).toMatchObject({ first: 1 });
    });
  });
}
