import { expect, test } from 'bun:test';
import { type Counters, messageJson, newToken, Unavailable } from '@parley/domain';
import { createLogger } from '@parley/runtime';
import { CountedViews } from './views.ts';

const row = {
  token: newToken(),
  name: 'Support',
  version: 4,
  chatsCount: 2,
  createdAt: 0,
  updatedAt: 0,
  countedThrough: 1,
};
const chat = { number: 1, name: '', version: 3, messagesCount: 5, createdAt: 0, updatedAt: 1_234, countedThrough: 1 };

function viewsOver(pending: Counters['pending']): CountedViews {
  return new CountedViews({ pending } as Counters, createLogger('test', 'silent'));
}

test('a count is the row’s count plus what is not summed into it yet', async () => {
  const views = viewsOver(async () => [3]);
  expect(await views.application(row)).toMatchObject({ item: { chats_count: 5 }, etag: '"4-5"' });
  expect(await views.chats(row.token, [chat])).toMatchObject([{ messages_count: 8 }]);
});

test('each row of a page has the counts of its own sequence, up to where its own partition is summed', async () => {
  const names = ['a', 'b', 'c', 'd'];
  const rows = names.map((name, index) => ({ ...row, token: newToken(), name, countedThrough: index % 2 }));
  const views = viewsOver(async (countedThrough, sequences) =>
    sequences.map(({ token }) => 10 * rows.findIndex((each) => each.token === token) + countedThrough),
  );
  const told = await views.applications(rows);
  expect(told.map(({ name, chats_count }) => [name, chats_count - 2])).toEqual([
    ['a', 0],
    ['b', 11],
    ['c', 20],
    ['d', 31],
  ]);
});

test('if the live counts are unreachable, it is the row’s count', async () => {
  const views = viewsOver(async () => {
    throw new Unavailable('numbers', 'away');
  });
  expect(await views.applications([row])).toMatchObject([{ chats_count: 2 }]);
  expect(await views.chat(row.token, chat)).toEqual({
    item: {
      ...{ number: 1, name: '', messages_count: 5 },
      ...{ created_at: '1970-01-01T00:00:00.000Z', updated_at: '1970-01-01T00:00:01.234Z' },
    },
    etag: '"3-5"',
  });
});

test('a count is never below 0, whatever live counts are lost', async () => {
  const views = viewsOver(async () => [-7]);
  expect(await views.chat(row.token, chat)).toMatchObject({ item: { messages_count: 0 } });
  expect(await views.applications([row])).toMatchObject([{ chats_count: 0 }]);
});

test('what was not given is in no view, and metadata comes back as an object', async () => {
  const message = { number: 1, content: 'x', version: 1, createdAt: 0, updatedAt: 0 };
  const times = '"created_at":"1970-01-01T00:00:00.000Z","updated_at":"1970-01-01T00:00:00.000Z"';
  expect(messageJson(message)).toBe(`{"number":1,"content":"x",${times}}`);
  expect(messageJson({ ...message, senderId: 'anna' })).toBe(`{"number":1,"content":"x","sender_id":"anna",${times}}`);
  const views = viewsOver(async () => [0]);
  expect(JSON.stringify((await views.chats(row.token, [{ ...chat, updatedAt: 0 }]))[0])).toBe(
    `{"number":1,"name":"","messages_count":5,${times}}`,
  );
  const metadata = '{"a":[1,"2"]}';
  expect(JSON.parse(messageJson({ ...message, metadata }))).toMatchObject({ metadata: { a: [1, '2'] } });
  expect(await views.applications([{ ...row, metadata }])).toMatchObject([{ metadata: { a: [1, '2'] } }]);
});
