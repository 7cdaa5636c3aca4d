import { describe, expect, test } from 'bun:test';
import { type DrawAnswer, newToken, type Owner, type Sequence, type Token } from '@parley/domain';
import { drawFrom } from '@parley/testing';
import { applicationCreated, chatCreated, messagesCreated } from './events.ts';
import { chatsOf, drawn, firstDrawn, messagesOf, type NumberingHarness, newKey } from './numbering.contract.ts';
import { opened } from './open-harness.ts';

export function numberingRetireContract(name: string, open: () => Promise<NumberingHarness>): void {
  describe(`${name} numbering, deleted applications and chats`, () => {
    const harness = opened(open);
    const gone: DrawAnswer = { status: 'gone' };

    /** Makes an application with chats 1 and 2, durable and with their counters. Returns the token. */
    async function acceptedChats(): Promise<Token> {
      const { numbering, makeDurable } = harness();
      const token = newToken();
      await makeDurable(applicationCreated({ token }));
      for (const number of [1, 2]) await makeDurable(chatCreated(token, { number }));
      await numbering.seed(chatsOf(token), { number: 2 });
      for (const chat of [1, 2]) await numbering.seed(messagesOf(token, chat), { number: 0 });
      return token;
    }

    async function deleted(owner: Owner): Promise<void> {
      const { numbering, deleteStored } = harness();
      await deleteStored(owner);
      await numbering.retire(owner);
    }

    const draws = (sequence: Sequence) => drawFrom(harness().numbering, { sequence, count: 1 });

    test('in a deleted chat nothing is drawn, and its application goes on', async () => {
      const { numbering } = harness();
      const token = await acceptedChats();
      expect(await firstDrawn(numbering, messagesOf(token, 1))).toBe(1);
      await deleted({ token, chat: 1 });
      expect(await draws(messagesOf(token, 1))).toEqual(gone);
      expect(await firstDrawn(numbering, messagesOf(token, 2))).toBe(1);
      expect(await firstDrawn(numbering, chatsOf(token))).toBe(3);
    });

    test('in a deleted application no chats are drawn, and no messages of any chat', async () => {
      const { numbering } = harness();
      const [token, other] = [await acceptedChats(), await acceptedChats()];
      await deleted({ token });
      for (const sequence of [chatsOf(token), messagesOf(token, 1), messagesOf(token, 2)]) {
        expect(await draws(sequence)).toEqual(gone);
      }
      for (const sequence of [messagesOf(other, 1), messagesOf(other, 2)]) {
        expect(await firstDrawn(numbering, sequence)).toBe(1);
      }
    });

    test('draws at the same time are answered each for its own application', async () => {
      const tokens = await Promise.all(Array.from({ length: 12 }, acceptedChats));
      for (const token of tokens.slice(0, 4)) await deleted({ token });
      for (const token of tokens.slice(4, 8)) await deleted({ token, chat: 1 });
      const answers = await Promise.all(
        tokens.flatMap((token) => [draws(messagesOf(token, 1)), draws(messagesOf(token, 2))]),
      );
      const statuses = Array.from({ length: 12 }, (_, index) => [
        index < 8 ? 'gone' : 'drawn',
        index < 4 ? 'gone' : 'drawn',
      ]);
      expect<string[]>(answers.map(({ status }) => status)).toEqual(statuses.flat());
    });

    test('an idempotency key that was used before is answered as deleted too', async () => {
      const { numbering, makeDurable } = harness();
      for (const chat of [1, undefined]) {
        const token = await acceptedChats();
        const [confirmed, open] = [newKey(), newKey()];
        const { first, eventId: id, epoch, at } = await drawn(numbering, messagesOf(token), { key: confirmed });
        await makeDurable(messagesCreated(token, first, ['a'], { id, epoch, at, key: confirmed }));
        await numbering.confirm(token, confirmed, id);
        await drawn(numbering, messagesOf(token), { key: open });
        await deleted({ token, ...(chat !== undefined && { chat }) });
        for (const key of [confirmed, open, newKey()]) {
          const answer = await drawFrom(numbering, { sequence: messagesOf(token), count: 1, key });
          expect(answer).toEqual(gone);
        }
      }
    });

    test("a counter that was missing is not created any more, whoever has read the store's numbers before", async () => {
      const { numbering, makeDurable } = harness();
      const token = newToken();
      await makeDurable(applicationCreated({ token }));
      await makeDurable(chatCreated(token, { number: 1 }));
      const sequence = messagesOf(token, 1);
      const missing = await draws(sequence);
      if (missing.status !== 'missing') throw new Error(`expected no counter, got ${missing.status}`);
      await deleted({ token, chat: 1 });
      await numbering.seed(sequence, { number: 0 }, missing.epoch);
      await numbering.seed(sequence, { number: 0 });
      expect(await draws(sequence)).toEqual(gone);
    });

    test('no counter is created below a deleted application', async () => {
      const { numbering, makeDurable } = harness();
      const token = newToken();
      await makeDurable(applicationCreated({ token }));
      await makeDurable(chatCreated(token, { number: 1 }));
      await deleted({ token });
      for (const sequence of [chatsOf(token), messagesOf(token, 1)]) {
        await numbering.seed(sequence, { number: 0 });
        expect(await draws(sequence)).toEqual(gone);
      }
    });

    test('the same again has no effect', async () => {
      const { numbering } = harness();
      const token = await acceptedChats();
      for (const owner of [{ token, chat: 1 }, { token, chat: 1 }, { token }, { token }]) {
        await deleted(owner);
        expect(await draws(messagesOf(token, 1))).toEqual(gone);
      }
      await numbering.retire({ token, chat: 2 });
      expect(await draws(messagesOf(token, 2))).toEqual(gone);
    });
  });
}
