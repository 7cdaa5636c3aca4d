import { describe, expect, test } from 'bun:test';
import {
  type Feed,
  type FeedChange,
  type FeedEntry,
  type FeedWindow,
  newToken,
  type Purge,
  partitionOf,
  type Store,
  type Token,
  VersionConflict,
} from '@parley/domain';
import { applicationCreated, chatCreated, messagesCreated, storedChat } from './events.ts';
import { type Harness, opened } from './open-harness.ts';

export interface FeedHarness extends Harness {
  readonly store: Store;
  readonly feed: Feed;
  readonly partitions: number;
  /** Removes the entries that are outside the window. Resolves when none is left. */
  forget(window: FeedWindow): Promise<void>;
}

const NOTHING: FeedWindow = { ms: -1, bytes: 0 };
const EVERYTHING: FeedWindow = { ms: 3_600_000, bytes: 2 ** 30 };

/** The tests that every driver of Feed must pass. */
export function feedContract(name: string, open: () => Promise<FeedHarness>): void {
  describe(`${name} feed`, () => {
    const harness = opened(open);
    const of = (token: Token) => partitionOf(token, harness().partitions);
    const head = async (token: Token) => (await harness().feed.read(of(token), 0, 1)).seq;

    /** All entries after a `seq`, read page by page. */
    async function entriesAfter(token: Token, after: number): Promise<FeedEntry[]> {
      const entries: FeedEntry[] = [];
      for (let from = after; ; from = entries.at(-1)?.seq ?? after) {
        const page = await harness().feed.read(of(token), from, 3);
        if (page.entries.length === 0) return entries;
        entries.push(...page.entries);
      }
    }

    /** What `work` changes, as the feed has it. */
    async function changesBy(token: Token, work: () => Promise<unknown>): Promise<FeedChange[]> {
      const before = await head(token);
      await work();
      return (await entriesAfter(token, before)).flatMap(({ changes }) => changes);
    }

    test('has an entry for each commit, without a gap, with the time of the commit', async () => {
      const { store, feed } = harness();
      const token = await storedChat(store);
      const [before, begun] = [await head(token), Date.now()];
      for (let number = 1; number <= 5; number += 1) await store.append([messagesCreated(token, number, ['x'])]);
      const page = await feed.read(of(token), before, 100);
      expect(page.entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5].map((place) => before + place));
      expect(page).toMatchObject({ partition: of(token), seq: before + 5 });
      for (const { at } of page.entries) {
        expect(at).toBeGreaterThanOrEqual(begun - 1);
        expect(at).toBeLessThanOrEqual(Date.now());
      }
    });

    test('a page has at most `limit` entries, and the state of the partition', async () => {
      const { store, feed } = harness();
      const token = await storedChat(store);
      const before = await head(token);
      for (let number = 1; number <= 3; number += 1) await store.append([messagesCreated(token, number, ['x'])]);
      const page = await feed.read(of(token), before, 2);
      expect(page.entries.map(({ seq }) => seq)).toEqual([before + 1, before + 2]);
      expect(page.seq).toBe(before + 3);
      expect((await feed.read(of(token), page.seq, 2)).entries).toEqual([]);
    });

    test('the heads are the state of every partition, in their order', async () => {
      const { store, feed, partitions } = harness();
      const token = await storedChat(store);
      const heads = await feed.heads();
      expect(heads.map(({ partition }) => partition)).toEqual(Array.from(Array(partitions).keys()));
      const { seq, low } = await feed.read(of(token), 0, 1);
      expect(heads[of(token)]).toEqual({ partition: of(token), seq, low });
      expect(seq).toBeGreaterThan(0);
    });

    test('tells what was created: chats first, and messages in ranges', async () => {
      const { store } = harness();
      const application = applicationCreated();
      const { token } = application;
      const created = await changesBy(token, () =>
        store.append([
          application,
          chatCreated(token),
          messagesCreated(token, 1, ['a', 'b']),
          chatCreated(token, { number: 2 }),
          messagesCreated(token, 1, ['c'], { chat: 2 }),
          messagesCreated(token, 3, ['d']),
        ]),
      );
      expect(created).toEqual([
        { kind: 'chat.created', token, chat: 1 },
        { kind: 'chat.created', token, chat: 2 },
        { kind: 'messages.created', token, chat: 1, first: 1, last: 3 },
        { kind: 'messages.created', token, chat: 2, first: 1, last: 1 },
      ]);
    });

    test('tells what was changed', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b'])]);
      const changed = await changesBy(token, async () => {
        await store.changeMessage(token, 1, 2, { content: 'c' });
        await store.changeChat(token, 1, { name: 'other' });
        await store.changeApplication(token, { name: 'other' });
      });
      expect(changed).toEqual([
        { kind: 'messages.updated', token, chat: 1, first: 2, last: 2 },
        { kind: 'chat.updated', token, chat: 1 },
        { kind: 'application.updated', token },
      ]);
    });

    test('tells what was deleted, once', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b'])]);
      const deleted = await changesBy(token, async () => {
        for (let times = 1; times <= 2; times += 1) {
          expect(await store.deleteMessage(token, 1, 2)).toBe(true);
        }
        for (let times = 1; times <= 2; times += 1) expect(await store.deleteChat(token, 1)).toBe(true);
        for (let times = 1; times <= 2; times += 1) expect(await store.deleteApplication(token)).toBe(true);
      });
      expect(deleted).toEqual([
        { kind: 'messages.deleted', token, chat: 1, first: 2, last: 2 },
        { kind: 'chat.deleted', token, chat: 1 },
        { kind: 'application.deleted', token },
      ]);
    });

    test('tells which read marks were set, and none that stayed', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b'])]);
      const read = await changesBy(token, async () => {
        await store.markRead(token, 1, 'me', 2);
        await store.markRead(token, 1, 'me', 1);
        await store.markRead(token, 1, 'you', 1);
      });
      expect(read).toEqual([
        { kind: 'read.updated', token, chat: 1, user: 'me', number: 2 },
        { kind: 'read.updated', token, chat: 1, user: 'you', number: 1 },
      ]);
    });

    test('what was refused leaves neither an entry nor a gap', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['taken'])]);
      const before = await head(token);
      await store.append([messagesCreated(token, 1, ['collides'])]);
      await store.append([messagesCreated(token, 1, ['nobody'], { chat: 9 })]);
      const conflict = store.changeMessage(token, 1, 1, { content: 'x', versions: [7] });
      await expect(conflict).rejects.toBeInstanceOf(VersionConflict);
      expect(await store.changeChat(token, 9, { name: 'x' })).toBeUndefined();
      expect(await store.deleteMessage(token, 1, 9)).toBe(false);
      expect(await entriesAfter(token, before)).toEqual([]);
      await store.append([messagesCreated(token, 1, ['collides again']), messagesCreated(token, 2, ['fits'])]);
      const entries = await entriesAfter(token, before);
      expect(entries.map(({ seq }) => seq)).toEqual([before + 1]);
      expect(entries[0]?.changes).toEqual([{ kind: 'messages.created', token, chat: 1, first: 2, last: 2 }]);
    });

    test('a reader beside many writers sees every commit once, in order, and never a gap', async () => {
      const { store, feed } = harness();
      const token = await storedChat(store);
      const before = await head(token);
      const [lanes, rounds] = [4, 25];
      let writing = true;
      const write = async (lane: number) => {
        for (let round = 0; round < rounds; round += 1) {
          const number = lane * 1_000 + round + 1;
          await store.append([messagesCreated(token, number, ['x'])]);
          if (round % 5 === 0) await store.changeMessage(token, 1, number, { content: 'y' });
          if (round % 5 === 1) await store.deleteMessage(token, 1, number);
        }
      };
      const seen: FeedEntry[] = [];
      const read = async () => {
        for (let last = false; ; ) {
          last = !writing;
          const { entries } = await feed.read(of(token), before + seen.length, 10);
          for (const entry of entries) {
            expect(entry.seq).toBe(before + seen.length + 1);
            seen.push(entry);
          }
          if (last && entries.length === 0) return;
        }
      };
      const reading = read();
      await Promise.all(Array.from({ length: lanes }, (_, lane) => write(lane))).finally(() => {
        writing = false;
      });
      await reading;
      const found = new Map<string, number>();
      for (const { kind, ...change } of seen.flatMap(({ changes }) => changes)) {
        const { first, last } = change as { first: number; last: number };
        for (let number = first; number <= last; number += 1) {
          found.set(`${kind} ${number}`, (found.get(`${kind} ${number}`) ?? 0) + 1);
        }
      }
      expect(found.size).toBe(lanes * (rounds + rounds / 5 + rounds / 5));
      expect(new Set(found.values())).toEqual(new Set([1]));
      expect((await feed.read(of(token), 0, 1)).seq).toBe(before + seen.length);
    });

    test('keeps what is inside the window', async () => {
      const { store, feed, forget } = harness();
      const token = await storedChat(store);
      const { low } = await feed.read(of(token), 0, 1);
      await forget(EVERYTHING);
      const page = await feed.read(of(token), low, 1_000);
      expect(page.low).toBe(low);
      expect(page.entries).toHaveLength(page.seq - low);
    });

    test('forgets what is older than the window, and a reader below `low` can tell', async () => {
      const { store, feed, forget } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a'])]);
      const before = await head(token);
      await forget(NOTHING);
      const page = await feed.read(of(token), before - 2, 10);
      expect(page).toEqual({ partition: of(token), seq: before, low: before, entries: [] });
      await store.append([messagesCreated(token, 2, ['b'])]);
      const later = await feed.read(of(token), before, 10);
      expect(later).toMatchObject({ seq: before + 1, low: before });
      expect(later.entries).toHaveLength(1);
    });

    test('forgets the oldest entries if all take too much room', async () => {
      const { store, feed, forget, partitions } = harness();
      const token = await storedChat(store);
      const before = await head(token);
      for (let number = 1; number <= 200; number += 1) await store.append([messagesCreated(token, number, ['x'])]);
      await forget({ ...EVERYTHING, bytes: 8_000 * partitions });
      const { seq, low } = await feed.read(of(token), 0, 1);
      expect(seq).toBe(before + 200);
      expect(low).toBeGreaterThan(before);
      expect(low).toBeLessThan(seq);
      const { entries } = await feed.read(of(token), low, 1_000);
      expect(entries.map((entry) => entry.seq)).toEqual(
        Array.from({ length: seq - low }, (_, place) => low + 1 + place),
      );
    });

    test('whoever reads while entries are removed finds no gap above `low`', async () => {
      const { store, feed, forget } = harness();
      const token = await storedChat(store);
      let writing = true;
      const write = async () => {
        for (let number = 1; number <= 60; number += 1) await store.append([messagesCreated(token, number, ['x'])]);
      };
      const remove = async () => {
        while (writing) await forget(NOTHING);
      };
      const read = async () => {
        while (writing) {
          const page = await feed.read(of(token), 0, 1_000);
          const above = page.entries.filter(({ seq }) => seq > page.low);
          expect(above.map(({ seq }) => seq)).toEqual(
            Array.from({ length: page.seq - page.low }, (_, place) => page.low + 1 + place),
          );
        }
      };
      const others = Promise.all([remove(), read()]);
      await write().finally(() => {
        writing = false;
      });
      await others;
      await forget(NOTHING);
      const { seq, low } = await feed.read(of(token), 0, 1);
      expect(low).toBe(seq);
    });

    test('has nothing of an application that is not there', async () => {
      const { store, feed } = harness();
      const token = newToken();
      const before = await head(token);
      expect((await store.append([chatCreated(token)])).rejected).toHaveLength(1);
      expect((await feed.read(of(token), before, 10)).entries).toEqual([]);
    });
  });
}

export interface FeedPurgeHarness extends Pick<FeedHarness, 'store' | 'feed' | 'partitions' | 'close'> {
  readonly purge: Purge;
}

/** The tests of the feed that every store must pass whose rows are purged. */
export function feedPurgeContract(name: string, open: () => Promise<FeedPurgeHarness>): void {
  describe(`${name} feed, with purges`, () => {
    const harness = opened(open);

    /** Removes all rows that wait for it, and returns the ranges of messages that the feed names since `before`. */
    async function purged(token: Token, before: number): Promise<FeedChange[]> {
      const { feed, purge, partitions } = harness();
      const partition = partitionOf(token, partitions);
      for (let task = await purge.next(partition); task !== undefined; task = await purge.next(partition)) {
        while ((await purge.step(task)) > 0);
      }
      const { entries } = await feed.read(partition, before, 1_000);
      return entries.flatMap(({ changes }) => changes).filter(({ kind }) => kind.startsWith('messages.'));
    }

    const head = async (token: Token) => {
      const { feed, partitions } = harness();
      return (await feed.read(partitionOf(token, partitions), 0, 1)).seq;
    };

    test('tells which messages of a deleted chat were removed', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b', 'c']), messagesCreated(token, 7, ['d'])]);
      const before = await head(token);
      await store.deleteChat(token, 1);
      expect(await purged(token, before)).toEqual([
        { kind: 'messages.purged', token, chat: 1, first: 1, last: 3 },
        { kind: 'messages.purged', token, chat: 1, first: 7, last: 7 },
      ]);
    });

    test('tells which messages were removed because they are too old', async () => {
      const { store, purge } = harness();
      const token = await storedChat(store);
      const old = Date.now() - 2 * 24 * 3_600_000;
      await store.changeApplication(token, { retentionDays: 1 });
      await store.append([messagesCreated(token, 1, ['a', 'b'], { at: old }), messagesCreated(token, 3, ['c'])]);
      const before = await head(token);
      await purge.expire(token, old + 1, 0, 0, 10);
      expect(await purged(token, before)).toEqual([{ kind: 'messages.purged', token, chat: 1, first: 1, last: 2 }]);
    });
  });
}
