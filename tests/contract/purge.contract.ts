import { describe, expect, test } from 'bun:test';
import {
  Gone,
  type MessagesCreated,
  PURGE_ROWS_MAX,
  type Purge,
  type PurgeTask,
  partitionOf,
  type Store,
  type Token,
} from '@parley/domain';
import { chatCreated, messagesCreated, required, storedChat } from './events.ts';
import { type Harness, opened } from './open-harness.ts';

export interface PurgeHarness extends Harness {
  readonly store: Store;
  readonly purge: Purge;
  readonly partitions: number;
  /** Sums what was stored and removed into the rows' counts. A driver that counts at once needs none. */
  readonly settleCounts?: () => Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** The tests that every driver of Purge must pass. */
export function purgeContract(name: string, open: () => Promise<PurgeHarness>): void {
  describe(`${name} purge`, () => {
    const harness = opened(open);
    const partition = (token: Token) => partitionOf(token, harness().partitions);
    const next = (token: Token) => harness().purge.next(partition(token));
    const contents = (count: number) => Array.from({ length: count }, (_, index) => `text ${index + 1}`);
    const days = (count: number) => Date.now() - count * DAY_MS;

    /** The task of this application. Tasks of the same partition that other tests have left are done first. */
    async function taskOf(token: Token): Promise<PurgeTask> {
      for (;;) {
        const task = required(await next(token));
        if (task.owner.token === token) return task;
        await purged(task);
      }
    }

    /** Takes all steps of a task. Returns how many rows each has removed. */
    async function purged(task: PurgeTask): Promise<number[]> {
      const steps: number[] = [];
      for (;;) {
        const rows = await harness().purge.step(task);
        if (rows === 0) return steps;
        expect(rows).toBeLessThanOrEqual(PURGE_ROWS_MAX);
        steps.push(rows);
      }
    }

    async function fill(
      token: Token,
      first: number,
      count: number,
      some: Partial<MessagesCreated> = {},
    ): Promise<void> {
      for (let from = 0; from < count; from += 1_000) {
        const batch = contents(Math.min(1_000, count - from));
        await harness().store.append([messagesCreated(token, first + from, batch, some)]);
      }
    }

    /** Hides what was accepted more than five days ago, in all chats. Returns in how many. */
    async function expire(token: Token): Promise<number> {
      const { store, purge } = harness();
      await store.changeApplication(token, { retentionDays: 5 });
      const seq = await store.fence(partition(token), 0);
      let chats = 0;
      for (let after: number | undefined = 0; after !== undefined; ) {
        const expired = await purge.expire(token, days(5), seq, after, 2);
        chats += expired.chats;
        after = expired.next;
      }
      return chats;
    }

    const numbersOf = async (token: Token, chat = 1) =>
      (await harness().store.messages(token, chat, { limit: 200 })).rows.map(({ number }) => number);
    const countOf = async (token: Token, chat = 1) => {
      await harness().settleCounts?.();
      return required(await harness().store.chat(token, chat)).messagesCount;
    };

    test('removes everything below an application, in steps of a limited size, and then has no task', async () => {
      const { store, purge } = harness();
      const token = await storedChat(store);
      await store.append([chatCreated(token, { number: 2 })]);
      await fill(token, 1, 1_500);
      await fill(token, 1, 700, { chat: 2 });
      const waitingBefore = (await purge.waiting()).tasks;
      const begun = Date.now();
      await store.deleteApplication(token);
      expect((await purge.waiting()).tasks).toBe(waitingBefore + 1);
      const task = await taskOf(token);
      expect(task).toMatchObject({ partition: partition(token), owner: { token } });
      expect(task.through).toBeUndefined();
      expect(Math.abs(task.since - begun)).toBeLessThan(60_000);
      const steps = await purged(task);
      expect(steps.length).toBeGreaterThanOrEqual(3);
      expect(steps.reduce((sum, rows) => sum + rows, 0)).toBeGreaterThanOrEqual(2_202); // with the two chats
      expect((await next(token))?.owner.token).not.toBe(token);
      expect(await purge.step(task)).toBe(0);
    });

    test('what was accepted below an application comes too late, before the purge and after it', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.deleteApplication(token);
      const late = (number: number) => [
        chatCreated(token, { number: number + 1 }),
        messagesCreated(token, number, ['x']),
      ];
      expect(await store.append(late(1))).toMatchObject({ rows: 0, discarded: 2, rejected: [] });
      await purged(await taskOf(token));
      expect(await store.append(late(2))).toMatchObject({ rows: 0, discarded: 2, rejected: [] });
      await expect(store.application(token)).rejects.toThrow(Gone);
      expect(await store.chat(token, 1)).toBeUndefined();
    });

    test('removes everything below a chat, which stays a deleted one; the other chats stay', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([chatCreated(token, { number: 2 })]);
      await fill(token, 1, 30);
      await fill(token, 1, 3, { chat: 2 });
      await store.deleteChat(token, 1);
      const task = await taskOf(token);
      expect(task.owner).toEqual({ token, chat: 1 });
      expect((await purged(task)).reduce((sum, rows) => sum + rows, 0)).toBeGreaterThanOrEqual(30);
      await expect(store.chat(token, 1)).rejects.toThrow(Gone);
      expect(await store.append([messagesCreated(token, 31, ['late'])])).toMatchObject({ rows: 0, discarded: 1 });
      expect(await numbersOf(token, 2)).toEqual([1, 2, 3]);
      expect((await store.highest({ kind: 'chats', token }))?.number).toBe(2);
    });

    test('begins with the oldest task, and tells since when it waits', async () => {
      const { store, purge } = harness();
      const token = await storedChat(store);
      await store.append([chatCreated(token, { number: 2 })]);
      await store.deleteChat(token, 2);
      const { since } = await taskOf(token);
      expect(required((await purge.waiting()).oldestAt)).toBeLessThanOrEqual(since);
      while (Date.now() <= since);
      await store.deleteChat(token, 1);
      expect((await taskOf(token)).owner.chat).toBe(2);
      const latest = await purge.latest(partition(token), 2);
      expect(latest.map(({ owner }) => owner)).toEqual([1, 2].map((chat) => ({ token, chat })));
      expect(await purge.latest(partition(token), 1)).toEqual(latest.slice(0, 1));
      await purged(await taskOf(token));
      expect((await taskOf(token)).owner.chat).toBe(1);
    });

    test('two at once remove each row once', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await fill(token, 1, 2_500);
      await store.deleteChat(token, 1);
      const task = await taskOf(token);
      const steps = (await Promise.all([purged(task), purged(task)])).flat();
      expect(steps.reduce((sum, rows) => sum + rows, 0)).toBe(2_500);
    });

    test('an application that keeps messages for a limited time is found, until it keeps them or is deleted', async () => {
      const { store, purge } = harness();
      const [token, keeping] = [await storedChat(store), await storedChat(store)];
      await store.changeApplication(token, { retentionDays: 30 });
      const found = async () => {
        const all: { token: Token; days: number }[] = [];
        for (const where of new Set([partition(token), partition(keeping)])) {
          for (let after: Token | undefined; ; ) {
            const page = await purge.retained(where, after, 1);
            all.push(...page);
            if (page.length === 0) break;
            after = page[0]?.token;
          }
        }
        return all.filter((each) => each.token === token || each.token === keeping);
      };
      expect(await found()).toEqual([{ token, days: 30 }]);
      await store.changeApplication(token, { retentionDays: null });
      expect(await found()).toEqual([]);
      await store.changeApplication(token, { retentionDays: 30 });
      await store.deleteApplication(token);
      expect(await found()).toEqual([]);
    });

    test('messages that are too old are hidden at once and removed later; numbers and counts stay right', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await fill(token, 1, 40, { at: days(10) });
      await fill(token, 41, 5);
      await store.deleteMessage(token, 1, 7);
      await store.deleteMessage(token, 1, 43);
      expect(await countOf(token)).toBe(43);
      expect(await expire(token)).toBe(1);
      expect(await numbersOf(token)).toEqual([41, 42, 44, 45]);
      await expect(store.message(token, 1, 40)).rejects.toThrow(Gone);
      const task = await taskOf(token);
      expect(task).toMatchObject({ owner: { token, chat: 1 }, through: 40 });
      expect(await purged(task)).toEqual([40]);
      expect(await numbersOf(token)).toEqual([41, 42, 44, 45]);
      await expect(store.message(token, 1, 40)).rejects.toThrow(Gone);
      expect(await countOf(token)).toBe(4);
      expect(await expire(token)).toBe(0);
      expect((await next(token))?.owner.token).not.toBe(token);
    });

    test('a chat all of whose messages are removed goes on with its numbers, and takes no late one', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await fill(token, 1, 20, { at: days(10) });
      const repeated = messagesCreated(token, 21, ['repeated'], { at: days(9) });
      await store.append([repeated]);
      expect(await expire(token)).toBe(1);
      await purged(await taskOf(token));
      expect((await store.highest({ kind: 'messages', token, chat: 1 }))?.number).toBe(21);
      // Its row may be a tombstone, and then it was stored before.
      const again = await store.append([repeated]);
      expect(again).toMatchObject({ rows: 0, rejected: [] });
      expect(again.discarded + again.repeated).toBe(1);
      expect(await store.append([messagesCreated(token, 22, ['new'])])).toMatchObject({ rows: 1, discarded: 0 });
      expect(await numbersOf(token)).toEqual([22]);
      expect(await countOf(token)).toBe(1);
    });

    test('an import is as old as its acceptance, and a message that is on its way below it is stored', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await fill(token, 1, 3, { at: days(10) });
      const extras = Array.from({ length: 10 }, () => ({ createdAt: Date.UTC(2019, 0, 1) }));
      await store.append([messagesCreated(token, 5, contents(10), { extras })]);
      expect(await expire(token)).toBe(1);
      expect((await taskOf(token)).through).toBe(3);
      expect(await store.append([messagesCreated(token, 4, ['late'])])).toMatchObject({ rows: 1, discarded: 0 });
      await purged(await taskOf(token));
      expect(await numbersOf(token)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    });

    test('hides nothing any more once the application keeps its messages longer', async () => {
      const { store, purge } = harness();
      const token = await storedChat(store);
      await store.append([chatCreated(token, { number: 2 }), chatCreated(token, { number: 3 })]);
      for (const chat of [1, 2, 3]) await fill(token, 1, 3, { chat, at: days(10) });
      await store.changeApplication(token, { retentionDays: 5 });
      const before = days(5);
      expect((await purge.expire(token, before, 0, 0, 1)).chats).toBe(1);
      for (const retentionDays of [6, null]) {
        await store.changeApplication(token, { retentionDays });
        expect(await purge.expire(token, before, 0, 1, 1)).toEqual({ chats: 0 });
      }
      expect(await numbersOf(token, 2)).toEqual([1, 2, 3]);
      await store.changeApplication(token, { retentionDays: 5 });
      expect((await purge.expire(token, before, 0, 1, 1)).chats).toBe(1);
    });

    test('looks at chat after chat; deleted ones and empty ones have nothing to hide', async () => {
      const { store, purge } = harness();
      const token = await storedChat(store);
      const numbers = [2, 3, 4, 5];
      await store.append(numbers.map((number) => chatCreated(token, { number })));
      for (const chat of [1, 2, 4, 5]) await fill(token, 1, chat, { chat, at: days(10) });
      await store.deleteChat(token, 2);
      expect(await expire(token)).toBe(3);
      const throughs = new Map<number | undefined, number | undefined>();
      for (let task = await next(token); task !== undefined; task = await next(token)) {
        if (task.owner.token === token) throughs.set(task.owner.chat, task.through);
        await purged(task);
      }
      expect([...throughs].sort(([a = 0], [b = 0]) => a - b)).toEqual([
        [1, 1],
        [2, undefined],
        [4, 4],
        [5, 5],
      ]);
      expect((await purge.expire(token, days(5), 0, 0, 10)).chats).toBe(0);
    });

    test('once a chat is deleted, the task for its old messages is done, and one for all of them waits', async () => {
      const { store, purge } = harness();
      const token = await storedChat(store);
      await fill(token, 1, 10, { at: days(10) });
      await fill(token, 11, 10);
      expect(await expire(token)).toBe(1);
      const old = await taskOf(token);
      await store.deleteChat(token, 1);
      expect(await purge.step(old)).toBe(0);
      const task = await taskOf(token);
      expect(task.through).toBeUndefined();
      expect((await purged(task)).reduce((sum, rows) => sum + rows, 0)).toBe(20);
      expect((await next(token))?.owner.token).not.toBe(token);
    });
  });
}
