import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { IDEMPOTENCY_WINDOW_MS, NUMBER_MAX, Unavailable } from '@parley/domain';
import type { EmbeddedOptions } from '@parley/embedded';
import { drawFrom, failure, publishTo, until } from '@parley/testing';
import { temporaryFolder } from '../support/system.ts';
import { accepting, createChat } from './accepting.ts';
import { chatCreated, messagesCreated, storedChat } from './events.ts';
import { chatsOf, drawn, messagesOf, newKey } from './numbering.contract.ts';
import { openEmbedded } from './open-embedded.ts';

let dataDir: string;
let open: ReturnType<typeof openEmbedded>[] = [];

beforeEach(async () => {
  dataDir = await temporaryFolder();
});

afterEach(async () => {
  for (const embedded of open) await embedded.close();
  open = [];
  await rm(dataDir, { recursive: true });
});

async function started(options: Omit<EmbeddedOptions, 'dataDir'> = {}) {
  const embedded = openEmbedded({ dataDir, ...options });
  open.push(embedded);
  await embedded.log.consume(async (events) => (await embedded.store.append(events)).rejected);
  return { ...embedded, acceptance: accepting(embedded) };
}

describe('the embedded drivers', () => {
  test('closing twice, at once or later, does no harm', async () => {
    const embedded = await started();
    await Promise.all([embedded.close(), embedded.close()]);
    await embedded.close();
  });

  test('closing stores the waiting creates and acknowledges them', async () => {
    const embedded = await started();
    const token = await createChat(embedded.acceptance);
    const published = Array.from({ length: 50 }, (_, index) =>
      publishTo(embedded.log, messagesCreated(token, 1 + index, ['x'])),
    );
    const closed = embedded.close();
    await Promise.all(published);
    await closed;
    const reopened = await started();
    expect((await reopened.store.chat(token, 1))?.messagesCount).toBe(50);
  });

  test('everything rejects with Unavailable after the close', async () => {
    const { store, search, log, numbering, close } = await started();
    const token = await storedChat(store);
    await numbering.seed(messagesOf(token), { number: 0 });
    await close();
    const calls = [
      store.append([messagesCreated(token, 1, ['x'])]),
      store.application(token),
      store.applications({ limit: 1 }),
      store.chat(token, 1),
      store.chats(token, { limit: 1 }),
      store.message(token, 1, 1),
      store.messages(token, 1, { limit: 1, before: 3 }),
      store.changeApplication(token, { name: 'x' }),
      store.changeChat(token, 1, { name: 'x' }),
      store.changeMessage(token, 1, 1, { content: 'x' }),
      store.highest(messagesOf(token)),
      store.ping(),
      search.search({ token, chat: 1, query: 'x', limit: 1 }),
      publishTo(log, messagesCreated(token, 1, ['x'])),
      drawFrom(numbering, { sequence: messagesOf(token), count: 1, key: newKey() }),
      numbering.register({ token, key: newKey() }),
    ];
    for (const [index, call] of calls.entries()) {
      expect([index, (await failure(call)) instanceof Unavailable]).toEqual([index, true]);
    }
  });

  test('a forgotten counter is missing, is seeded again from the store, and repeats no number', async () => {
    const embedded = await started({ countersKept: 3 });
    const token = await createChat(embedded.acceptance);
    await embedded.store.append([2, 3, 4, 5, 6, 7, 8, 9].map((number) => chatCreated(token, { number })));
    expect(await embedded.acceptance.messages(token, 1, ['a', 'b'])).toBe(1);
    for (let chat = 2; chat <= 9; chat += 1) await embedded.acceptance.messages(token, chat, ['x']);
    const answer = await drawFrom(embedded.numbering, { sequence: messagesOf(token), count: 1 });
    expect(answer).toMatchObject({ status: 'missing' });
    expect(await embedded.acceptance.messages(token, 1, ['c'])).toBe(3);
  });

  test('a number that is not stored yet is not given again if its counter is forgotten meanwhile', async () => {
    const embedded = openEmbedded({ dataDir, countersKept: 3 });
    open.push(embedded);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await embedded.log.consume(async (events) => {
      await released;
      return (await embedded.store.append(events)).rejected;
    });
    const token = await storedChat(embedded.store);
    const others = [2, 3, 4, 5, 6, 7, 8, 9];
    await embedded.store.append(others.map((number) => chatCreated(token, { number })));
    for (const chat of [1, ...others.slice(0, 2)])
      await embedded.numbering.seed(messagesOf(token, chat), { number: 0 });
    const acceptance = accepting(embedded);
    const underWay = acceptance.messages(token, 1, ['first']);
    for (const chat of others) await embedded.numbering.seed(messagesOf(token, chat), { number: 0 });
    const next = acceptance.messages(token, 1, ['second']);
    release();
    expect(await Promise.all([underWay, next])).toEqual([1, 2]);
  });

  test('numbers continue after a restart, and the numbers of creates that were never stored are given again', async () => {
    const first = await started();
    const token = await createChat(first.acceptance);
    expect(await first.acceptance.messages(token, 1, ['a', 'b'])).toBe(1);
    expect(await drawn(first.numbering, messagesOf(token))).toMatchObject({ first: 3 });
    await first.close();
    const second = await started();
    const missing = await drawFrom(second.numbering, { sequence: chatsOf(token), count: 1 });
    expect(missing).toMatchObject({ status: 'missing' });
    expect(await second.acceptance.messages(token, 1, ['c'])).toBe(3);
  });

  test('a key survives a restart, with its number and its body', async () => {
    const key = newKey('one');
    const first = await started();
    const token = await createChat(first.acceptance);
    await first.acceptance.messages(token, 1, ['x']);
    expect(await first.acceptance.messages(token, 1, ['a', 'b'], key)).toBe(2);
    await first.close();
    const { numbering, store } = await started();
    const repeated = await drawFrom(numbering, { sequence: messagesOf(token), count: 2, key });
    expect(repeated).toMatchObject({ status: 'repeated', first: 2, confirmed: true });
    const other = { ...key, body: newKey('two').body };
    const conflict = await drawFrom(numbering, { sequence: messagesOf(token), count: 2, key: other });
    expect(conflict).toEqual({ status: 'conflict' });
    expect((await store.chat(token, 1))?.messagesCount).toBe(3);
  });

  test('a key is remembered for 24 hours and then free', async () => {
    let now = Date.now();
    const embedded = await started({ now: () => now });
    const token = await createChat(embedded.acceptance);
    const key = newKey();
    expect(await embedded.acceptance.messages(token, 1, ['x'], key)).toBe(1);
    now += IDEMPOTENCY_WINDOW_MS - 1;
    expect(await embedded.acceptance.messages(token, 1, ['x'], key)).toBe(1);
    now += 1;
    expect(await embedded.acceptance.messages(token, 1, ['x'], key)).toBe(2);
    expect(await embedded.acceptance.messages(token, 1, ['x'], key)).toBe(2);
    expect((await embedded.store.chat(token, 1))?.messagesCount).toBe(2);
  });

  test('a key whose event was refused is free again', async () => {
    const { numbering, log, store } = await started({ queueBytesMax: 0 });
    const token = await storedChat(store);
    await numbering.seed(messagesOf(token), { number: 0 });
    const key = newKey('one');
    const { first, eventId: id, epoch, at } = await drawn(numbering, messagesOf(token), { key });
    const event = messagesCreated(token, first, ['x'], { id, epoch, at, key });
    expect(await failure(publishTo(log, event))).toBeInstanceOf(Unavailable);
    const other = { ...key, body: newKey('two').body };
    expect(await drawn(numbering, messagesOf(token), { key: other })).toMatchObject({ first: 2 });
  });

  test('a key stays taken while one of several attempts with it may still be stored', async () => {
    const embedded = openEmbedded({ dataDir });
    open.push(embedded);
    const token = await storedChat(embedded.store);
    await embedded.numbering.seed(messagesOf(token), { number: 0 });
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const [failFirst, storeSecond] = gates.map(({ resolve }) => resolve) as [() => void, () => void];
    let batches = 0;
    await embedded.log.consume(async (events) => {
      batches += 1;
      const failing = batches === 1;
      await gates[batches - 1]?.promise;
      if (failing) throw new Error('the first batch fails');
      return (await embedded.store.append(events)).rejected;
    });
    const acceptance = accepting(embedded);
    const key = newKey();
    const create = () => acceptance.messages(token, 1, ['once'], key);
    const first = failure(create());
    await until('the first attempt is being stored', () => batches === 1);
    const second = create();
    failFirst();
    expect(await first).toBeInstanceOf(Unavailable);
    await until('creates are not refused for that failure any more', () => embedded.log.refusal(token) === undefined);
    const third = create();
    storeSecond();
    expect(await third).toBe(await second);
    expect((await embedded.store.chat(token, 1))?.messagesCount).toBe(1);
  });

  test('a key stays taken if one attempt was refused while another one waits', async () => {
    const embedded = openEmbedded({ dataDir, queueBytesMax: 1 });
    open.push(embedded);
    const token = await storedChat(embedded.store);
    await embedded.numbering.seed(messagesOf(token), { number: 0 });
    await embedded.log.consume(async (events) => (await embedded.store.append(events)).rejected);
    const acceptance = accepting(embedded);
    const key = newKey();
    const first = acceptance.messages(token, 1, ['once'], key);
    expect(await failure(acceptance.messages(token, 1, ['once'], key))).toBeInstanceOf(Unavailable);
    const again = await drawFrom(embedded.numbering, { sequence: messagesOf(token), count: 1, key });
    expect(again).toMatchObject({ status: 'repeated', first: 1 });
    expect(await first).toBe(1);
  });

  test('creates that are refused because too much is waiting use no number: later ones follow without a gap', async () => {
    const embedded = openEmbedded({ dataDir, queueBytesMax: 1 });
    open.push(embedded);
    const { store, log, numbering } = embedded;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await log.consume(async (events) => {
      await released;
      return (await store.append(events)).rejected;
    });
    const token = await storedChat(store);
    await numbering.seed(chatsOf(token), { number: 1 });
    await numbering.seed(messagesOf(token), { number: 0 });
    const acceptance = accepting(embedded);
    const waiting = acceptance.messages(token, 1, ['kept']);
    await until('there is too much', () => log.refusal(token) !== undefined);
    const refused = [
      acceptance.messages(token, 1, ['x']),
      acceptance.messages(token, 1, ['x', 'y'], newKey()),
      acceptance.chat(token, 'x'),
      acceptance.application('x'),
    ];
    for (const create of refused) expect(await failure(create)).toMatchObject({ dependency: 'requests' });
    release();
    expect(await waiting).toBe(1);
    expect(await acceptance.messages(token, 1, ['next'])).toBe(2);
    expect(await acceptance.chat(token, 'next')).toBe(2);
  });

  test('messages beyond the highest number are rejected and do not end up in the next chat', async () => {
    const { store } = await started();
    const token = await storedChat(store);
    await store.append([chatCreated(token, { number: 2 })]);
    for (const first of [NUMBER_MAX, 2 ** 34 - 1]) {
      const { rows, rejected } = await store.append([messagesCreated(token, first, ['x', 'y'])]);
      expect([rows, rejected.map(({ reason }) => reason)]).toEqual([0, ['rejected']]);
    }
    expect((await store.append([messagesCreated(token, NUMBER_MAX, ['last'])])).rows).toBe(1);
    expect(await store.highest(messagesOf(token))).toMatchObject({ number: NUMBER_MAX });
    expect(await store.highest(messagesOf(token, 2))).toEqual({ number: 0 });
  });
});
