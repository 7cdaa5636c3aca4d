import { expect, test } from 'bun:test';
import { newToken } from '@parley/domain';
import { application, chat, messages } from '../testing/events.ts';
import { insertStatements } from './insert.ts';

const token = newToken();

test('messages without extras are inserted without columns for them, also beside others', () => {
  const plain = messages(token, 1, ['a', 'b']);
  const other = { ...messages(token, 3, ['c', 'd']), extras: [{ senderId: 'ann' }, { createdAt: 0 }] };
  expect([...insertStatements(0, [plain])].join()).not.toMatch(/sender_id|metadata|accepted_at/);
  const [first = '', second = '', ...more] = insertStatements(0, [plain, other]);
  expect(more).toEqual([]);
  expect(first).toStartWith('INSERT INTO messages (partition_number, token, chat_number, number, content, event_id, ');
  expect(first).not.toMatch(/sender_id|metadata|accepted_at/);
  expect(second).toContain("'ann',NULL,NULL)");
  expect(second).toMatch(/'1970-01-01 00:00:00.000','1970-01-01 00:00:00.000',NULL,NULL,'20[^']*'\)$/);
});

test('applications and chats of one batch are one INSERT each, with and without metadata', () => {
  const events = [
    { ...application(token), metadata: '{}' },
    { ...chat(token), metadata: '{"a":"\'"}' },
    chat(token, 2),
  ];
  const statements = [...insertStatements(0, events)];
  expect(statements).toHaveLength(2);
  expect(statements[1]).toContain(',\'{\\"a\\":\\"\\\'\\"}\')');
  expect(statements[1]).toEndWith(',NULL)');
});
