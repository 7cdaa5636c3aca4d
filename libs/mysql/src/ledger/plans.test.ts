import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken, partitionOf } from '@parley/domain';
import { idStatements } from '../append/duplicates.ts';
import { ownerStatements } from '../append/owners.ts';
import { recordsStatement } from '../feed.ts';
import { markedChats, recordedMarks } from '../inbox/mark-read.ts';
import { inboxStatement, lastStatement, placesStatement } from '../inbox/page.ts';
import { chatsAfter, cleared, clearedOf, missingOf, refreshed } from '../inbox/statements.ts';
import { marksStatement, readThroughStatement, unreadStatement } from '../inbox/unread.ts';
import { keyedCreateStatement } from '../keyed-creates.ts';
import { application, chat, messages } from '../testing/events.ts';
import { advanceAll, type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';
import { documentStatement } from './documents.ts';
import { applicationCounts, chatCounts } from './flush.ts';
import { markIndexed, recordsOf, waitingBatches } from './index-next.ts';
import { livingStatement } from './living.ts';
import { oldestBatches, outdatedKeys, removal, sizeOf } from './prune.ts';
import { countChatsStatement, countMessagesStatement } from './recount.ts';
import { scanStatement } from './scan.ts';
import { batchesOfGeneration } from './sums.ts';

let database: OwnDatabase;
const token = newToken();
const here = partitionOf(token, PARTITIONS);
beforeAll(async () => {
  database = await ownDatabase();
  const chats = Array.from({ length: 50 }, (_, index) => chat(token, index + 1));
  await database.mysql.store.append([application(token), ...chats]);
  for (let number = 1; number <= 20; number += 1) {
    const event = { ...messages(token, 1, Array(100).fill('x'), number), key: key(number) };
    await database.mysql.store.append([event]);
  }
  await database.mysql.store.markRead(token, 3, 'me', 7);
  await advanceAll(database.mysql);
});
afterAll(() => database.close());

const key = (number: number) => ({ hash: String(number).padStart(64, '0'), body: 'b'.repeat(64) });
/** 19 `seq`s: most rows of the table `batches`, so the optimizer would rather scan it. */
const ids = () => Array.from({ length: 19 }, (_, index) => index + 2);
const appended = () => [
  application(token),
  chat(token, 3),
  messages(token, 1, ['x', 'y'], 3),
  messages(token, 9, ['z'], 5),
];
const ranges = () => [1, 2, 3].map((number) => ({ partition: here, token, chat: number, first: 5, last: 20 }));
const sums = () =>
  [1, 2, 3].map((number) => ({ sequence: { kind: 'messages', token, chat: number } as const, count: 2 }));

const at = { partition: here, token };
const places = (chats = 3) => Array.from({ length: chats }, (_, index) => ({ token, chat: index + 1 }));
const listed = (chats: number) =>
  places(chats).map(({ chat: number }) => ({ chat_number: number, last_number: 1, at: new Date() }));
const marks = (chats = 3) => places(chats).map((place) => ({ ...place, partition: here, userId: 'me', number: 7 }));

/** `key`: the only index by which the statements of `sql` may read. */
const plans: [what: string, key: string, sql: () => string[]][] = [
  ['owners', 'PRIMARY', () => ownerStatements(here, [{ token }, { token, chat: 1 }, { token, chat: 2 }])],
  ['the ids of duplicates', 'PRIMARY', () => idStatements(here, appended())],
  [
    'a stored key',
    'PRIMARY',
    () => [
      keyedCreateStatement(here, token, key(3).hash),
      keyedCreateStatement(here, token, key(3).hash, { kind: 'messages', token, chat: 3 }),
    ],
  ],
  ['the documents of a batch', 'PRIMARY', () => [documentStatement(ranges())]],
  [
    'a scan',
    'PRIMARY',
    () => [scanStatement(undefined, 50), scanStatement({ partition: here, token, chat: 3, number: 5 }, 50)],
  ],
  [
    'a recount',
    'PRIMARY',
    () => [countChatsStatement(here, token, 5), countMessagesStatement(here, { token, chat: 3 }, 5)],
  ],
  ['the sums of chats', 'PRIMARY', () => [chatCounts(here, sums())]],
  [
    'the sums of applications',
    'PRIMARY',
    () => [applicationCounts(here, [{ sequence: { kind: 'chats', token }, count: 1 }])],
  ],
  ['the note that batches are indexed', 'PRIMARY', () => [markIndexed(here, [1]), markIndexed(here, ids())]],
  ['the removal of batches', 'PRIMARY', () => [removal(here, [1]), removal(here, ids())]],
  [
    'what waits for the index',
    'batches_indexed',
    () => [waitingBatches([here], () => 5), waitingBatches([0, 1, here], () => 0)],
  ],
  ['the records of batches', 'PRIMARY', () => [recordsOf(new Map([[here, [{ seq: 2 }, { seq: 3 }]]]))]],
  ['the chats that live', 'PRIMARY', () => [livingStatement(ranges())]],
  ['what may be pruned', 'PRIMARY', () => [oldestBatches(here, 15, 50)]],
  ['a sample of the sizes', 'PRIMARY', () => [sizeOf(here, [1]), sizeOf(here, ids())]],
  ['the feed', 'PRIMARY', () => [recordsStatement(here, 5, 50), recordsStatement(here, 0, 500)]],
  ['chats to fill', 'PRIMARY', () => [chatsAfter(here, { token, chat: 3 }, 50)]],
  ['chats that miss in the inbox', 'PRIMARY', () => [missingOf(here, token, 50)]],
  ['the removal of deleted chats', 'PRIMARY', () => [cleared(here, places()), cleared(here, places(50))]],
  ['the removal of an application', 'PRIMARY', () => [clearedOf(here, token, 50)]],
  ['marked chats', 'PRIMARY', () => [markedChats(here, marks()), markedChats(here, marks(50))]],
  ['recorded marks', 'PRIMARY', () => [recordedMarks(here, marks()), recordedMarks(here, marks(50))]],
  ['the marks of a chat', 'PRIMARY', () => [marksStatement({ ...at, chat: 3 }, { limit: 50, after: 'a' })]],
  ['a generation', 'batches_generation', () => [batchesOfGeneration(here, 1, 5)]],
  ['keys that are over', 'idempotency_at', () => [outdatedKeys(here, Date.now(), 50)]],
];

for (const [what, index, sql] of plans) {
  test(`${what}: reads by the index ${index}, without sorting`, async () => {
    for (const statement of sql()) {
      const plan = await database.query<{
        table: string | null;
        type: string | null;
        key: string | null;
        Extra: string | null;
      }>(`EXPLAIN FORMAT=TRADITIONAL ${statement}`);
      const tables = plan.filter(
        ({ table, Extra }) =>
          table !== null && !table.startsWith('<') && table !== 'partitions' && !/No tables/.test(Extra ?? ''),
      );
      expect(tables.length, statement).toBeGreaterThan(0);
      for (const { type, key: used, Extra } of tables) {
        expect(used, statement).toBe(index);
        expect(['const', 'eq_ref', 'ref', 'range'], statement).toContain(type ?? '');
        expect(Extra ?? '', statement).not.toMatch(/filesort|temporary/i);
      }
    }
  });
}

/** Statements with a derived table for each row, or two indexes: no table is scanned, and nothing is sorted but that. */
const others: [what: string, keys: string[], sql: () => string[]][] = [
  [
    'the order of the inbox',
    ['activity_at'],
    () => [placesStatement(at, 50), placesStatement(at, 5, { at: Date.now(), chat: 9 })],
  ],
  ['chats of the inbox', ['PRIMARY'], () => [inboxStatement(at, listed(3)), inboxStatement(at, listed(50))]],
  [
    'last messages',
    ['PRIMARY'],
    () => [
      lastStatement(
        at,
        [1, 2, 50].map((number) => ({ chat: number, hidden: 3 })),
      ),
    ],
  ],
  ['rows of the inbox', ['PRIMARY'], () => [refreshed(here, places()), refreshed(here, places(50))]],
  [
    'unread counts',
    ['PRIMARY'],
    () => [
      unreadStatement(
        at,
        'me',
        [1, 2, 50].map((number) => ({ chat: number, through: 3 })),
      ),
      readThroughStatement(at, 'me', [1, 2, 50]),
    ],
  ],
];

for (const [what, keys, sql] of others) {
  test(`${what}: reads by ${keys.join(' and ')}, and sorts no table`, async () => {
    for (const statement of sql()) {
      type Step = { table: string | null; type: string | null; key: string | null; Extra: string | null };
      const plan = await database.query<Step>(`EXPLAIN FORMAT=TRADITIONAL ${statement}`);
      const tables = plan.filter(
        ({ table, type }) =>
          table !== null &&
          !table.startsWith('<') &&
          type !== null &&
          !(table === 'activity' && statement.startsWith('INSERT')),
      );
      expect(tables.length, statement).toBeGreaterThan(0);
      for (const { key: used, type, Extra } of tables) {
        expect(keys, statement).toContain(used ?? '');
        expect(['const', 'eq_ref', 'ref', 'range'], statement).toContain(type ?? '');
        expect(Extra ?? '', statement).not.toMatch(/filesort/i);
      }
    }
  });
}
