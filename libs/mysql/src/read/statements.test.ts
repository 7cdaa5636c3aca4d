import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken, partitionOf } from '@parley/domain';
import { applicationUpdate, chatUpdate, messageUpdate } from '../changes.ts';
import { applicationErasure, chatErasure, messageErasure } from '../deletes.ts';
import { targetState } from '../target-state.ts';
import { application, chat, messages } from '../testing/events.ts';
import { type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';
import { deletesOf } from './living-owners.ts';
import * as statements from './statements.ts';

let database: OwnDatabase;
const token = newToken();
const key = { partition: partitionOf(token, PARTITIONS), token };
const inChat = { ...key, chat: 3 };
beforeAll(async () => {
  database = await ownDatabase();
  const chats = Array.from({ length: 50 }, (_, index) => chat(token, index + 1));
  await database.mysql.store.append([application(token), ...chats]);
  for (let number = 1; number <= 20; number += 1) {
    await database.mysql.store.append([messages(token, 1, Array(100).fill('x'), number)]);
  }
  const ofAnn = { ...messages(token, 101, ['x'], inChat.chat), extras: [{ senderId: 'ann' }] };
  await database.mysql.store.append([ofAnn]);
});
afterAll(() => database.close());

const reads: [what: string, sql: () => string][] = [
  ['an application', () => statements.selectApplications([key])],
  [
    'applications of a tick',
    () =>
      statements.selectApplications([key, { partition: 3, token: newToken() }, { partition: 3, token: newToken() }]),
  ],
  ['a chat', () => statements.selectChats([{ ...key, chat: 3 }])],
  ['a message', () => statements.selectMessages([{ ...key, chat: 3, message: 7 }])],
  ['messages of a tick', () => statements.selectMessages([1, 2, 50].map((message) => ({ ...key, chat: 3, message })))],
  ['a page of applications', () => statements.pageOfApplications({ limit: 50 }, 51)],
  ['a page of applications before a token', () => statements.pageOfApplications({ limit: 50, before: token }, 51)],
  ['the last page of applications', () => statements.pageOfApplications({ limit: 50, order: 'desc' }, 51)],
  ['the last page of chats', () => statements.pageOfChats(key, { limit: 10, order: 'desc' }, 51)],
  [
    'the newest messages',
    () => statements.pagesOfMessages([{ key: inChat, page: { limit: 50, order: 'desc' }, rows: 51, hidden: 0 }]),
  ],
  ['a page of chats', () => statements.pageOfChats(key, { limit: 10, after: 5 }, 51)],
  ['a page of some chats', () => statements.pageOfSomeChats(key, [3, 7, 9], { limit: 10, after: 5 }, 11)],
  [
    'the last page of many chats',
    () => statements.pageOfSomeChats(key, Array(200).keys().toArray(), { limit: 10, order: 'desc' }, 11),
  ],
  [
    'the first page of messages',
    () => statements.pagesOfMessages([{ key: inChat, page: { limit: 50 }, rows: 51, hidden: 0 }]),
  ],
  [
    'a page of messages after a number',
    () => statements.pagesOfMessages([{ key: inChat, page: { limit: 50, after: 20 }, rows: 51, hidden: 0 }]),
  ],
  [
    'a page of messages before a number',
    () => statements.pagesOfMessages([{ key: inChat, page: { limit: 50, before: 20 }, rows: 51, hidden: 0 }]),
  ],
  [
    'a page of messages above hidden ones',
    () => statements.pagesOfMessages([{ key: inChat, page: { limit: 50, after: 2 }, rows: 51, hidden: 20 }]),
  ],
  [
    'the living of some chats',
    () =>
      statements.selectLivingChats([
        { ...key, chat: 3 },
        { ...key, chat: 4 },
      ]),
  ],
  ['the living of some applications', () => statements.selectLivingApplications([key])],
  ['how much was deleted', () => deletesOf([3, 5])],
  ['the state of a message', () => targetState.message({ ...key, chat: 3, message: 7 })],
  ['the state of a chat', () => targetState.chat({ ...key, chat: 3 })],
  ['the state of an application', () => targetState.application(key)],
  ['the change of an application', () => applicationUpdate(key, { name: 'x', versions: [1, 2] })],
  ['the change of limits', () => applicationUpdate(key, { limits: { messagesPerSecond: 5 } })],
  ['the change of a chat', () => chatUpdate(inChat, { metadata: null, versions: [1] })],
  ['the change of a message', () => messageUpdate({ ...inChat, message: 7 }, { content: 'x', versions: [1] })],
  ["the change of a user's message", () => messageUpdate({ ...inChat, message: 101 }, { content: 'x', by: 'ann' })],
  ['the delete of an application', () => applicationErasure(key, [1, 2])],
  ['the delete of a chat', () => chatErasure(inChat, undefined)],
  ['the delete of a message', () => messageErasure({ ...inChat, message: 7 }, [1])],
  ["the delete of a user's message", () => messageErasure({ ...inChat, message: 101 }, [1], 'ann')],
  ['the highest chat', () => statements.highestChat(key)],
  ['the highest message', () => statements.highestMessage({ ...key, chat: 3 })],
];

for (const [what, sql] of reads) {
  test(`${what} is read by one index, without sorting`, async () => {
    const plan = await database.query<{ table: string; type: string; key: string; Extra: string | null }>(
      `EXPLAIN FORMAT=TRADITIONAL ${sql()}`,
    );
    expect(plan.length).toBeGreaterThan(0);
    for (const { table, type, key, Extra } of plan) {
      if (table.startsWith('<derived')) continue; // a subquery with one row
      expect(key, table).toBe(
        what.includes('page of applications') && table === 'a' ? 'applications_token' : 'PRIMARY',
      );
      expect(['const', 'eq_ref', 'ref', 'range']).toContain(type);
      expect(Extra ?? '').not.toMatch(/filesort|temporary/i);
    }
  });
}
