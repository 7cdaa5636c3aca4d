import { describe, expect, test } from 'bun:test';
import {
  Gone,
  NotYours,
  newToken,
  PAGE_LIMIT_MAX,
  SenderFixed,
  USER_TOKEN_CHATS_MAX,
  VersionConflict,
} from '@parley/domain';
import { failure } from '@parley/testing';
import { applicationCreated, chatCreated, messagesCreated, required, storedChat } from './events.ts';
import { opened } from './open-harness.ts';
import type { StoreHarness } from './store.contract.ts';

/** What a user may see and change, and an application's limits. */
export function storeAccessContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} store, a user's chats and messages`, () => {
    const harness = opened(open);

    async function storedChats(count: number) {
      const application = applicationCreated();
      const { token } = application;
      const chats = Array.from({ length: count }, (_, place) => chatCreated(token, { number: place + 1 }));
      await harness().store.append([application, ...chats]);
      return token;
    }

    test('a page of some chats has no others, in both orders and after any chat', async () => {
      const { store } = harness();
      const token = await storedChats(12);
      await store.deleteChat(token, 7);
      const page = async (request: Parameters<typeof store.chats>[1], only: readonly number[]) => {
        const { rows, more } = await store.chats(token, request, only);
        return [rows.map(({ number }) => number), more];
      };
      const some = [3, 5, 7, 9, 11, 40];
      expect(await page({ limit: 10 }, some)).toEqual([[3, 5, 9, 11], false]);
      expect(await page({ limit: 2 }, some)).toEqual([[3, 5], true]);
      expect(await page({ limit: 4 }, some)).toEqual([[3, 5, 9, 11], false]);
      expect(await page({ limit: 2, after: 5 }, some)).toEqual([[9, 11], false]);
      expect(await page({ limit: 2, before: 9 }, some)).toEqual([[3, 5], false]);
      expect(await page({ limit: 1, before: 9 }, some)).toEqual([[5], true]);
      expect(await page({ limit: 3, order: 'desc' }, some)).toEqual([[11, 9, 5], true]);
      expect(await page({ limit: 3 }, [11, 3, 3, 11])).toEqual([[3, 11], false]);
      expect(await page({ limit: 10 }, [])).toEqual([[], false]);
      expect(await page({ limit: 10 }, [40])).toEqual([[], false]);
      const [whole] = (await store.chats(token, { limit: 1, after: 4 })).rows;
      expect((await store.chats(token, { limit: 1 }, [5])).rows).toEqual([required(whole)]);
    });

    test(`a page of ${USER_TOKEN_CHATS_MAX} chats; none of another application or of a deleted one`, async () => {
      const { store } = harness();
      const [token, other] = [await storedChats(USER_TOKEN_CHATS_MAX + 5), await storedChats(2)];
      const some = Array.from({ length: USER_TOKEN_CHATS_MAX }, (_, place) => place + 1);
      const { rows, more } = await store.chats(token, { limit: PAGE_LIMIT_MAX }, some);
      expect([rows.map(({ number }) => number), more]).toEqual([some, false]);
      expect((await store.chats(other, { limit: PAGE_LIMIT_MAX }, some)).rows).toHaveLength(2);
      expect(await store.chats(newToken(), { limit: 10 }, some)).toEqual({ rows: [], more: false });
      await store.deleteApplication(other);
      expect((await store.chats(other, { limit: 10 }, some)).rows).toEqual([]);
    });

    /** Messages 1 and 2 of ann, 3 of bob, 4 of nobody. */
    async function storedMessages() {
      const token = await storedChat(harness().store);
      const extras = [{ senderId: 'ann' }, { senderId: 'ann' }, { senderId: 'bob' }, {}];
      await harness().store.append([messagesCreated(token, 1, ['a', 'b', 'c', 'd'], { extras })]);
      return token;
    }

    test("a user changes own messages, not another's, and none without a sender", async () => {
      const { store } = harness();
      const token = await storedMessages();
      const by = 'ann';
      expect(await store.changeMessage(token, 1, 1, { content: 'new', by })).toMatchObject({
        content: 'new',
        senderId: 'ann',
        version: 2,
      });
      expect(await store.changeMessage(token, 1, 1, { metadata: '{}', by, versions: [2] })).toMatchObject({
        version: 3,
      });
      for (const number of [3, 4]) {
        const before = await store.message(token, 1, number);
        const change = store.changeMessage(token, 1, number, { content: 'new', by });
        expect(await failure(change)).toBeInstanceOf(NotYours);
        expect(await store.message(token, 1, number)).toEqual(required(before));
      }
      expect(await store.changeMessage(token, 1, 5, { content: 'new', by })).toBeUndefined();
      expect(await store.changeMessage(newToken(), 1, 1, { content: 'new', by })).toBeUndefined();
    });

    test('of several reasons Gone is told first, then NotYours, VersionConflict, SenderFixed', async () => {
      const { store } = harness();
      const token = await storedMessages();
      const all = { content: 'x', by: 'ann', versions: [9], senderId: 'carl' };
      const change = (message: number, some: Parameters<typeof store.changeMessage>[3]) =>
        failure(store.changeMessage(token, 1, message, some));
      expect(await change(3, all)).toBeInstanceOf(NotYours);
      expect(await change(4, all)).toBeInstanceOf(NotYours);
      expect(await change(1, all)).toBeInstanceOf(VersionConflict);
      expect(await change(1, { ...all, versions: [1] })).toBeInstanceOf(SenderFixed);
      for (const message of [1, 3]) {
        await store.deleteMessage(token, 1, message);
        expect(await change(message, all)).toBeInstanceOf(Gone);
      }
    });

    test("a user deletes own messages, not another's, and none without a sender", async () => {
      const { store } = harness();
      const token = await storedMessages();
      const remove = (message: number, versions?: number[]) => store.deleteMessage(token, 1, message, versions, 'ann');
      for (const number of [3, 4]) {
        expect(await failure(remove(number))).toBeInstanceOf(NotYours);
        expect(await failure(remove(number, [9]))).toBeInstanceOf(NotYours);
        expect(await store.message(token, 1, number)).toMatchObject({ version: 1 });
      }
      expect(await failure(remove(1, [9]))).toBeInstanceOf(VersionConflict);
      expect(await remove(1, [1])).toBe(true);
      expect(await failure(store.message(token, 1, 1))).toBeInstanceOf(Gone);
      expect(await remove(2)).toBe(true);
      expect(await failure(store.message(token, 1, 2))).toBeInstanceOf(Gone);
      expect([await remove(1, [9]), await remove(2)]).toEqual([true, true]);
      await store.deleteMessage(token, 1, 3);
      expect(await remove(3)).toBe(true);
      expect(await remove(5)).toBe(false);
    });
  });

  describe(`${name} store, limits`, () => {
    const harness = opened(open);

    test('a change sets and clears single limits, and every read shows those that are set', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const expectLimits = async (limits: object | undefined, version: number) => {
        const read = required(await store.application(token));
        expect([read.limits, read.version]).toEqual([limits, version]);
        const { rows } = await store.applications({ limit: 1, before: next(token) });
        expect(rows).toEqual([read]);
        return read;
      };
      await expectLimits(undefined, 1);
      const first = await store.changeApplication(token, { limits: { messagesPerSecond: 500, liveConnections: 3 } });
      expect(await expectLimits({ messagesPerSecond: 500, liveConnections: 3 }, 2)).toEqual(required(first));
      await store.changeApplication(token, { limits: { messagesPerSecond: null, requestsPerSecond: 0 } });
      await expectLimits({ requestsPerSecond: 0, liveConnections: 3 }, 3);
      await store.changeApplication(token, { name: 'renamed', limits: { createsInFlight: 1_000_000_000 } });
      await expectLimits({ requestsPerSecond: 0, createsInFlight: 1_000_000_000, liveConnections: 3 }, 4);
      await store.changeApplication(token, { retentionDays: 3 });
      await expectLimits({ requestsPerSecond: 0, createsInFlight: 1_000_000_000, liveConnections: 3 }, 5);
      const limits = { requestsPerSecond: null, createsInFlight: null, liveConnections: null };
      const last = required(await store.changeApplication(token, { limits }));
      expect(last.limits).toBeUndefined();
      expect(await expectLimits(undefined, 6)).toEqual(last);
      expect(last).toMatchObject({ name: 'renamed', retentionDays: 3 });
    });

    test('a change of limits is refused as every other change is', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const limits = { messagesPerSecond: 5 };
      expect(await failure(store.changeApplication(token, { limits, versions: [2] }))).toBeInstanceOf(VersionConflict);
      expect((await store.application(token))?.limits).toBeUndefined();
      expect(await store.changeApplication(newToken(), { limits })).toBeUndefined();
      await store.deleteApplication(token);
      expect(await failure(store.changeApplication(token, { limits }))).toBeInstanceOf(Gone);
    });
  });
}

/** The next token in the order of tokens. */
function next(token: string): string {
  const last = Number.parseInt(token.slice(-8), 16) + 1;
  return token.slice(0, -8) + Math.min(last, 0xff_ff_ff_ff).toString(16).padStart(8, '0');
}
