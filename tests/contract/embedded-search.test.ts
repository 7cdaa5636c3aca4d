import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckedSearch } from '@parley/api/testing';
import { foldTextV1, newToken, type SearchRequest, type Token, Unavailable } from '@parley/domain';
import { temporaryFolder } from '../support/system.ts';
import { accepting } from './accepting.ts';
import { chatCreated, messagesCreated, storedChat } from './events.ts';
import { openEmbedded } from './open-embedded.ts';

const MIGRATIONS = join(import.meta.dir, '../../libs/embedded/drizzle');
interface Migration {
  readonly tag: string;
  readonly when: number;
}
type Embedded = ReturnType<typeof openEmbedded>;

let dataDir: string;
let embedded: Embedded | undefined;
beforeEach(async () => {
  dataDir = await temporaryFolder();
});
afterEach(async () => {
  await embedded?.close();
  embedded = undefined;
  await rm(dataDir, { recursive: true });
});

async function found({ search, store }: Embedded, token: Token, query: string, limit = 5): Promise<number[]> {
  const { hits } = await new CheckedSearch(search, store).page({ token, chat: 1, query, limit });
  return hits.map(({ number }) => number);
}

/**
 * Makes a data folder as version 1 of the embedded drivers left it, with messages 1 to `count` in chat 1. Returns the
 * application's token.
 */
async function folderOfVersion1(count: number): Promise<Token> {
  const token = newToken();
  const database = new Database(join(dataDir, 'parley.db'), { create: true, strict: true });
  database.run('PRAGMA journal_mode = WAL');
  database.run('CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)');
  const { entries } = (await Bun.file(join(MIGRATIONS, 'meta/_journal.json')).json()) as { entries: Migration[] };
  for (const { tag, when } of entries.slice(0, 2)) {
    const sql = await Bun.file(join(MIGRATIONS, `${tag}.sql`)).text();
    for (const statement of sql.split('--> statement-breakpoint')) database.run(statement);
    database.run('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)', [tag, when]);
  }
  const at = Date.now();
  database.run('INSERT INTO applications VALUES (?, ?, 1, ?, ?, ?)', [token, 'An application', 'a', at, at]);
  database.run('INSERT INTO chats VALUES (1, ?, 1, ?, ?, ?, ?, ?)', [token, 'A chat', count, 'b', at, at]);
  const row = database.prepare('INSERT INTO messages VALUES ((1 << 34) + ?, ?, ?, 1, ?, ?)');
  const text = database.prepare('INSERT INTO messages_fts (rowid, folded) VALUES ((1 << 34) + ?, ?)');
  database.transaction(() => {
    for (let number = 1; number <= count; number += 1) {
      const content = `Stored before w${number}w!`;
      row.run(number, content, 'c', at, at);
      text.run(number, ` ${foldTextV1(content)} `);
    }
  })();
  database.close(true);
  return token;
}

describe('a folder of the previous version', () => {
  test('can be searched at once while a new search table is filled under creates and changes; the next start drops the old one', async () => {
    const count = 20_000;
    const token = await folderOfVersion1(count);
    const progress: number[] = [];
    let filled = false;
    embedded = openEmbedded({
      dataDir,
      onSearchFill: ({ documents, running }) => {
        progress.push(documents);
        filled = !running;
      },
    });
    const opened = embedded;
    const { log, store } = opened;
    const acceptance = accepting(opened);
    await log.consume(async (events) => (await store.append(events)).rejected);
    expect(await found(opened, token, 'w7w')).toEqual([7]);
    const inChats = (chats: number[], chat?: number) =>
      opened.search.search({ token, chat, chats, query: 'w7w', limit: 5 }).then(({ hits }) => hits.length);
    expect([await inChats([1]), await inChats([2]), await inChats([1, 2], 1), await inChats([2], 1)]).toEqual([
      1, 0, 1, 0,
    ]);
    expect(filled).toBe(false);
    let searches = 0;
    let created = 0;
    while (!filled) {
      const number = 3 + ((searches * 7_919) % (count - 2));
      expect(await found(opened, token, `w${number}w`)).toEqual([number]);
      searches += 1;
      created += 1;
      await acceptance.messages(token, 1, [`During w${count + created}w?`]);
      await store.changeMessage(token, 1, 1, { content: `first r${created}r` });
      await store.changeMessage(token, 1, 2, { content: `second s${created}s` });
      await store.changeMessage(token, 1, count, { content: `last l${created}l` });
      expect(await found(opened, token, `r${created}r`)).toEqual([1]);
      expect(await found(opened, token, `w${count + created}w`)).toEqual([count + created]);
    }
    expect(searches).toBeGreaterThan(0);
    expect(progress.at(-1)).toBeWithin(count, count + created + 1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));

    expect(await found(opened, token, '?')).toHaveLength(5);
    for (const [query, number] of [
      [`r${created}r`, 1],
      [`s${created}s`, 2],
      [`l${created}l`, count],
      ['w777w', 777],
    ] as const)
      expect(await found(opened, token, query)).toEqual([number]);
    for (const query of ['w1w', 'w2w', `w${count}w`, 'r1r']) expect(await found(opened, token, query)).toEqual([]);
    await store.changeMessage(token, 1, 777, { content: 'rewritten afterwards' });
    expect(await found(opened, token, 'w777w')).toEqual([]);
    expect(await found(opened, token, 'rewritten afterwards')).toEqual([777]);

    const tables = () => {
      const database = new Database(join(dataDir, 'parley.db'), { readonly: true });
      try {
        return database.query<{ name: string }, []>('SELECT name FROM sqlite_master').all();
      } finally {
        database.close();
      }
    };
    const former = () => tables().filter(({ name }) => name.startsWith('messages_search_1'));
    expect(former()).not.toEqual([]);
    await opened.close();
    embedded = openEmbedded({ dataDir });
    expect(former()).toEqual([]);
    expect(await found(embedded, token, 'w778w')).toEqual([778]);
  }, 60_000);

  test('that is closed while the new table is filled continues at the next start, and no message is missing', async () => {
    const count = 3_000;
    const token = await folderOfVersion1(count);
    let starts = 0;
    for (let filled = false; !filled; starts += 1) {
      const { promise: step, resolve } = Promise.withResolvers<void>();
      const onSearchFill = ({ running }: { running: boolean }) => {
        filled = !running;
        resolve();
      };
      embedded = openEmbedded({ dataDir, onSearchFill });
      await step;
      if (!filled) await embedded.close();
    }
    expect(starts).toBeGreaterThan(5);
    await embedded!.close();
    embedded = openEmbedded({ dataDir });
    for (let number = 1; number <= count; number += 97)
      expect(await found(embedded!, token, `w${number}w!`)).toEqual([number]);
    expect(await found(embedded!, token, '!')).toHaveLength(5);
  }, 60_000);
});

describe('an expensive search', () => {
  /** Every message of these tests has all these words. So none excludes a message: a search must check every one. */
  const words = Array.from({ length: 500 }, (_, index) => String.fromCodePoint(0x4e00 + index));
  const query = [...words].reverse().join(' ');

  async function chatOf(messages: number, searchTimeoutMs: number): Promise<{ opened: Embedded; token: Token }> {
    embedded = openEmbedded({ dataDir, searchTimeoutMs });
    const { log, store } = embedded;
    await log.consume(async (events) => (await store.append(events)).rejected);
    const token = await storedChat(store);
    // Alternating marks of different Unicode combining classes take the longest to fold for the search.
    const content = `${words.join(' ')} `.padEnd(9_900, `a${'\u0301\u0323'.repeat(15)}`);
    for (let first = 1; first <= messages; first += 50)
      await store.append([messagesCreated(token, first, Array<string>(50).fill(content))]);
    await embedded.numbering.seed({ kind: 'messages', token, chat: 1 }, { number: messages });
    return { opened: embedded, token };
  }

  test('fails in time instead of returning a part of the hits, and creates and quick searches go on meanwhile', async () => {
    const { opened, token } = await chatOf(1_000, 2_000);
    const acceptance = accepting(opened);
    let running = true;
    const scope = (index: number) => (index % 2 === 0 ? { chat: 1 } : {});
    // No message has the last word of these queries, so no search has enough hits to end early.
    const costly = Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        opened.search.search({ ...scope(index), token, query: `${query.slice(0, -1)}${index}`, limit: 50 }).then(
          () => 'answered',
          (error: unknown) => error,
        ),
      ),
    );
    void costly.then(() => {
      running = false;
    });
    let created = 0;
    let searches = 0;
    while (running) {
      await acceptance.messages(token, 1, [`quick q${created}q`]);
      created += 1;
      if (created % 3 !== 0) continue;
      expect(await found(opened, token, `q${created - 1}q`, 1)).toEqual([1_000 + created]);
      searches += 1;
    }
    for (const end of await costly) expect(end).toBeInstanceOf(Unavailable);
    expect(created).toBeGreaterThan(10);
    expect(searches).toBeGreaterThan(3);
  }, 60_000);

  test('succeeds in a small chat', async () => {
    const { opened, token } = await chatOf(50, 20_000);
    expect(await found(opened, token, query, 3)).toEqual([50, 49, 48]);
  }, 60_000);
});

describe('a search of a whole application', () => {
  async function places(query: string, token: Token, some: Partial<SearchRequest> = {}): Promise<string[]> {
    const request = { token, query, limit: 200, ...some };
    const { hits } = await new CheckedSearch(embedded!.search, embedded!.store).page(request);
    return hits.map(({ chat, number }) => `${chat}:${number}`);
  }

  test('finds messages in all of thousands of chats, beside those of other applications', async () => {
    embedded = openEmbedded({ dataDir });
    const { store } = embedded;
    const [mine, theirs] = await Promise.all([storedChat(store), storedChat(store)]);
    const count = 1_300;
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const chats = numbers.slice(1).flatMap((number) => [mine, theirs].map((token) => chatCreated(token, { number })));
    await store.append(chats);
    await store.append(
      numbers.flatMap((chat) => [
        messagesCreated(mine, 1, [`mine c${chat}c`], { chat }),
        messagesCreated(theirs, 1, [`theirs c${chat}c`], { chat }),
      ]),
    );
    for (const chat of [1, 2, 499, 500, 501, 650, 651, 1_000, count]) {
      expect(await places(`c${chat}c`, mine)).toEqual([`${chat}:1`]);
      expect(await places(`c${chat}c theirs`, theirs)).toEqual([`${chat}:1`]);
      expect(await places(`c${chat}c theirs`, mine)).toEqual([]);
    }
    expect(await places('mi', mine)).toHaveLength(200);
    // Some chats with many others between them, and some that are close together.
    for (const chats of [
      [1, 650, count],
      [499, 500, 501],
    ]) {
      const newest = chats.toReversed().map((chat) => `${chat}:1`);
      for (const query of ['mine', 'mi']) expect(await places(query, mine, { chats })).toEqual(newest);
      expect(await places('theirs', mine, { chats })).toEqual([]);
      expect(await places('c500c', mine, { chats })).toEqual(chats.includes(500) ? ['500:1'] : []);
    }
  }, 60_000);

  test('finds messages in a chat of more than one look-up covers, and in the chats beside it', async () => {
    embedded = openEmbedded({ dataDir });
    const { store } = embedded;
    const token = await storedChat(store);
    await store.append([2, 3].map((number) => chatCreated(token, { number })));
    for (let first = 1; first <= 70_000; first += 1_000) {
      const contents = Array.from({ length: 1_000 }, (_, index) => `w${first + index}w`);
      await store.append([messagesCreated(token, first, contents, { chat: 2 })]);
    }
    for (const chat of [1, 3])
      await store.append([messagesCreated(token, 1, ['w5w beside'], { chat, at: Date.now() })]);
    expect((await places('w5w', token)).toSorted()).toEqual(['1:1', '2:5', '3:1']);
    for (const number of [1, 6_000, 64_001, 70_000])
      expect(await places(`w${number}w`, token)).toEqual([`2:${number}`]);
    expect((await places('be', token)).toSorted()).toEqual(['1:1', '3:1']);
  }, 60_000);

  test('finds nothing in a deleted chat or application, nor in rows that are about to be removed', async () => {
    embedded = openEmbedded({ dataDir });
    const { store } = embedded;
    const token = await storedChat(store);
    await store.append([chatCreated(token, { number: 2 })]);
    const contents = ['secret one', 'secret two'];
    await store.append([1, 2].map((chat) => messagesCreated(token, 1, contents, { chat })));
    expect(await places('secret', token)).toHaveLength(4);
    await store.deleteChat(token, 2);
    for (const query of ['secret', 'se'])
      for (const order of ['best', 'newest'] as const) {
        expect(await places(query, token, { order })).toEqual(['1:2', '1:1']);
        expect(await places(query, token, { order, chat: 2 })).toEqual([]);
      }
    const other = new Database(join(dataDir, 'parley.db'));
    other.run('UPDATE chats SET purged_through = 1 WHERE number = 1');
    other.close();
    for (const query of ['secret', 'se'])
      for (const chat of [1, undefined]) expect(await places(query, token, { chat })).toEqual(['1:2']);
    await store.deleteApplication(token);
    for (const query of ['secret', 'se'])
      for (const chat of [1, undefined]) expect(await places(query, token, { chat })).toEqual([]);
  });
});

test('the lock file alone reserves the folder for one process: the database file is not locked', async () => {
  embedded = openEmbedded({ dataDir });
  expect((await readdir(dataDir)).sort()).toContain('parley.lock');
  const reader = new Database(join(dataDir, 'parley.db'), { readonly: true });
  expect(reader.query('SELECT count(*) AS n FROM messages').get()).toEqual({ n: 0 });
  reader.close();
  expect(() => openEmbedded({ dataDir })).toThrow('is in use by another process');
});
