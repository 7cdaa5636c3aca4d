import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken } from '@parley/domain';
import { application, chat, messages } from '../testing/events.ts';
import { type OwnDatabase, ownDatabase } from '../testing/own-database.ts';
import * as statements from './statements.ts';

let database: OwnDatabase;
const token = newToken();
beforeAll(async () => {
  database = await ownDatabase();
  const chats = Array.from({ length: 50 }, (_, index) => chat(token, index + 1));
  await database.mysql.store.append([application(token), ...chats]);
  for (let number = 1; number <= 20; number += 1) {
    await database.mysql.store.append([messages(token, 1, Array(100).fill('x'), number)]);
  }
});
afterAll(() => database.close());

const reads: [what: string, sql: () => string][] = [
  ['an application', () => statements.selectApplications([token])],
  ['applications of a tick', () => statements.selectApplications([token, newToken(), newToken()])],
  ['a chat', () => statements.selectChats([{ token, chat: 3 }])],
  ['a message', () => statements.selectMessages([{ token, chat: 3, message: 7 }])],
  ['messages of a tick', () => statements.selectMessages([1, 2, 50].map((message) => ({ token, chat: 3, message })))],
  ['messages at numbers', () => statements.messagesAt({ token, chat: 3 }, [1, 2, 50])],
  ['a page of applications', () => statements.pageOfApplications({ limit: 50 })],
  ['a page of applications before a token', () => statements.pageOfApplications({ limit: 50, before: token })],
  ['the last page of applications', () => statements.pageOfApplications({ limit: 50, order: 'desc' })],
  ['the last page of chats', () => statements.pageOfChats(token, { limit: 10, order: 'desc' })],
  ['the newest messages', () => statements.pageOfMessages(token, 3, { limit: 50, order: 'desc' })],
  ['a page of chats', () => statements.pageOfChats(token, { limit: 10, after: 5 })],
  ['the first page of messages', () => statements.pageOfMessages(token, 3, { limit: 50 })],
  ['a page of messages after a number', () => statements.pageOfMessages(token, 3, { limit: 50, after: 20 })],
  ['a page of messages before a number', () => statements.pageOfMessages(token, 3, { limit: 50, before: 20 })],
  ['the highest chat', () => statements.highestChat(token)],
  ['the highest message', () => statements.highestMessage({ token, chat: 3 })],
];

for (const [what, sql] of reads) {
  test(`${what} is read by the clustered key, without sorting`, async () => {
    const plan = await database.query<{ table: string; type: string; key: string; Extra: string | null }>(
      `EXPLAIN FORMAT=TRADITIONAL ${sql()}`,
    );
    expect(plan.length).toBeGreaterThan(0);
    for (const { table, type, key, Extra } of plan) {
      if (table.startsWith('<derived')) continue; // the one row of a subquery
      expect(key, table).toBe('PRIMARY');
      expect(['const', 'eq_ref', 'ref', 'range']).toContain(type);
      expect(Extra ?? '').not.toMatch(/filesort|temporary/i);
    }
  });
}
