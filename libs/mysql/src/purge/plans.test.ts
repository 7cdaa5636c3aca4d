import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken, partitionOf } from '@parley/domain';
import { application, chat, messages } from '../testing/events.ts';
import { type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';
import * as statements from './statements.ts';

let database: OwnDatabase;
const token = newToken();
const here = partitionOf(token, PARTITIONS);
const all = { partition: here, token, chat: 0 };
const one = { ...all, chat: 1 };
const bytes = `0x${token.replaceAll('-', '')}`;
beforeAll(async () => {
  database = await ownDatabase();
  const chats = Array.from({ length: 50 }, (_, index) => chat(token, index + 1));
  await database.mysql.store.append([application(token), ...chats]);
  for (let number = 1; number <= 20; number += 1) {
    const key = { hash: String(number).padStart(64, '0'), body: 'b'.repeat(64) };
    await database.mysql.store.append([{ ...messages(token, 1, Array(100).fill('x'), number), key }]);
    const values = `${here}, ${bytes}, ${number}`;
    await database.query(
      `INSERT INTO purges (partition_number, token, chat_number, created_at) VALUES (${values}, NOW(3))`,
    );
    await database.query(`INSERT INTO activity (partition_number, token, chat_number, last_number, at)
      VALUES (${values}, 1, NOW(3))`);
    await database.query(`INSERT INTO \`reads\` (partition_number, token, chat_number, user_id, message_number, updated_at)
      VALUES (${values}, 'u', 1, NOW(3))`);
  }
  await database.query('UPDATE applications SET retention_days = 3');
});
afterAll(() => database.close());

/** So many messages that the optimizer would rather scan the table. */
const removed = () =>
  Array.from({ length: 900 }, (_, index) => ({ chat_number: 1, number: index + 1, deleted: 0 as const }));
const hidden = () => [1, 2, 3].map((number) => ({ chat: number, through: 5 }));

/** `key`: the only index by which the statements of `sql` may read. `sorts`: MySQL may sort the rows that it finds. */
const plans: [what: string, key: string, sql: () => string[], sorts?: boolean][] = [
  ['the oldest task', 'purges_created_at', () => [statements.oldestTask(here), statements.latestTasks(here, 5)]],
  ['the lock on a task', 'PRIMARY', () => [statements.lockTask(one)]],
  ['the removal of a task', 'PRIMARY', () => [statements.removeTask(one)]],
  [
    'the messages to remove',
    'PRIMARY',
    () => [
      statements.messagesToRemove(all, undefined, undefined, 1_000),
      statements.messagesToRemove(all, undefined, { chat_number: 1, number: 50 }, 1_000),
      statements.messagesToRemove(one, undefined, { chat_number: 1, number: 50 }, 1_000),
      statements.messagesToRemove(one, 50, undefined, 1_000),
      statements.messagesToRemove(one, 50, { chat_number: 1, number: 20 }, 1_000),
    ],
  ],
  ['the erasure of a message', 'PRIMARY', () => [statements.eraseLast(one, 50, Date.now())]],
  ['the removal of messages', 'PRIMARY', () => [statements.removeMessages(all, removed())]],
  [
    'the removal of what else is below',
    'PRIMARY',
    () => [...statements.removalsBelow(all), ...statements.removalsBelow(one)].map((removal) => removal(1_000)),
  ],
  [
    'applications with a retention',
    'applications_retention',
    () => [statements.retainedApplications(here, undefined, 50), statements.retainedApplications(here, token, 50)],
    true,
  ],
  ['the first messages of chats', 'PRIMARY', () => [statements.firstMessages(all, 5, 3, 20)], true],
  ['the last message of a chat', 'PRIMARY', () => [statements.lastMessage(one), statements.lastMessage(one, 50)]],
  ['hiding messages', 'PRIMARY', () => [statements.hideMessages(all, 5, hidden())]],
  ['adding tasks', 'PRIMARY', () => [statements.addTasks(all, hidden(), Date.now())]],
];

for (const [what, index, sql, sorts = false] of plans) {
  test(`${what}: reads by the index ${index}${sorts ? '' : ', without sorting'}`, async () => {
    for (const statement of sql()) {
      const plan = await database.query<{
        select_type: string;
        table: string | null;
        type: string | null;
        key: string | null;
        Extra: string | null;
      }>(`EXPLAIN FORMAT=TRADITIONAL ${statement}`);
      const tables = plan.filter(
        ({ select_type, table, Extra }) =>
          table !== null && !table.startsWith('<') && select_type !== 'INSERT' && !/No tables/.test(Extra ?? ''),
      );
      expect(tables.length, statement).toBeGreaterThan(0);
      for (const { type, key: used, Extra } of tables) {
        expect(used, statement).toBe(index);
        expect(['const', 'eq_ref', 'ref', 'range'], statement).toContain(type ?? '');
        if (!sorts) expect(Extra ?? '', statement).not.toMatch(/filesort|temporary/i);
      }
    }
  });
}
