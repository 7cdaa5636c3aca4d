import { expect, test } from 'bun:test';
import { BeyondLastMessage, type Caller, type Chat, Gone, NotFound, newToken, type Store } from '@parley/domain';
import { RequestProblem } from '@parley/http';
import { createLogger } from '@parley/runtime';
import { failure } from '@parley/testing';
import { chatHandlers } from './chat-handlers.ts';
import type { ApiParts } from './parts.ts';

const token = newToken();
const row: Chat = {
  ...{ number: 1, name: '', version: 1, messagesCount: 2 },
  ...{ countedThrough: 0, createdAt: 0, updatedAt: 0 },
};
const message = { number: 2, content: 'x', version: 1, createdAt: 5, updatedAt: 5 };
const caller: Caller = { kind: 'anyone' };
const asked = { token, path: '/chats', caller, quota: undefined };

function handlersOver(store: Partial<Store>) {
  let fences = 0;
  const handlers = chatHandlers({
    store: { reached: async () => {}, ...store },
    events: { fence: async () => ++fences },
    counters: { pending: async (_: number, of: readonly unknown[]) => of.map(() => 0) },
    logger: createLogger('test', 'silent'),
  } as unknown as ApiParts);
  return { handlers, fences: () => fences };
}

async function wrongParameters(query: Record<string, string>) {
  const error = await failure(Promise.resolve(handlersOver({}).handlers.listChats({ ...asked, query })));
  return error instanceof RequestProblem ? error.errors?.map(({ path }) => path) : error;
}

test('each order has its own parameters', async () => {
  expect(await wrongParameters({ order: 'activity', after: '1', before: '2' })).toEqual(['after', 'before']);
  expect(await wrongParameters({ cursor: 'MS4x' })).toEqual(['cursor']);
  expect(await wrongParameters({ order: 'desc', cursor: 'MS4x' })).toEqual(['cursor']);
  expect(await wrongParameters({ order: 'activity', cursor: 'x' })).toEqual(['cursor']);
  expect(await wrongParameters({ order: 'activity', limit: '0' })).toEqual(['limit']);
  expect(await wrongParameters({ order: 'newest' })).toEqual(['order']);
  expect(await wrongParameters({ user_id: 'a b' })).toEqual(['user_id']);
});

test('by activity a chat has its last message, and the link leads on', async () => {
  const after: unknown[] = [];
  const { handlers } = handlersOver({
    inbox: async (_, limit, position) => {
      after.push([limit, position]);
      const rows = [{ ...row, number: 3, lastMessage: { ...message, senderId: 'anna' } }, row];
      return position === undefined ? { rows, next: { at: 7, chat: 1 } } : { rows: [row] };
    },
    unread: async (_, user, chats) => chats.map((chat) => chat * 10 + user.length),
  });
  const first = await handlers.listChats({ ...asked, query: { order: 'activity', limit: '2', user_id: 'a@b' } });
  expect(first.items).toMatchObject([
    { number: 3, unread_count: 33, last_message: { number: 2, content: 'x', sender_id: 'anna' } },
    { number: 1, unread_count: 13 },
  ]);
  expect((first.items as object[])[1]).not.toHaveProperty('last_message');
  const [, link = ''] = /<(.+)>; rel="next"/.exec(first.link ?? '') ?? [];
  const query = Object.fromEntries(new URL(link, 'http://x').searchParams);
  expect(query).toEqual({ limit: '2', order: 'activity', user_id: 'a@b', cursor: expect.any(String) });
  expect((await handlers.listChats({ ...asked, query })).link).toBeUndefined();
  expect(after).toEqual([
    [2, undefined],
    [2, { at: 7, chat: 1 }],
  ]);
});

test('a list by number keeps the user in its links, and has no last message', async () => {
  const { handlers } = handlersOver({
    chats: async () => ({ rows: [row], more: true }),
    unread: async () => [4],
  });
  const { items, link } = await handlers.listChats({ ...asked, query: { limit: '1', user_id: 'a' } });
  expect(items).toMatchObject([{ number: 1, unread_count: 4 }]);
  expect(link).toBe('</chats?limit=1&after=1&user_id=a>; rel="next"');
});

test('lists below something deleted are a 404', async () => {
  const gone = async () => {
    throw new Gone('application');
  };
  const { handlers } = handlersOver({
    chats: async () => ({ rows: [], more: false }),
    inbox: async () => ({ rows: [] }),
    application: gone,
    readMarks: async () => ({ rows: [], more: false }),
    chat: gone,
    markRead: gone,
  });
  const chat = 1;
  for (const call of [
    () => handlers.listChats({ ...asked, query: {} }),
    () => handlers.listChats({ ...asked, query: { order: 'activity' } }),
    () => handlers.listReads({ ...asked, chat, query: {} }),
    () => handlers.markRead({ ...asked, chat, user: 'a', body: { message_number: 1 }, query: {} }),
  ]) {
    expect(await failure(Promise.resolve(call()))).toBeInstanceOf(NotFound);
  }
});

test('a mark for a message that is not stored yet waits for it; a mark beyond the last message is refused', async () => {
  let stored = false;
  const mark = { userId: 'a', number: 5, updatedAt: 0 };
  const late = handlersOver({
    markRead: async () => {
      if (!stored) throw new BeyondLastMessage();
      return mark;
    },
    reached: async () => {
      stored = true;
    },
  });
  const request = { ...asked, chat: 1, user: 'a', body: { message_number: 5 }, query: {} };
  expect(await late.handlers.markRead(request)).toEqual({
    ...{ user_id: 'a', message_number: 5, updated_at: '1970-01-01T00:00:00.000Z' },
  });
  expect(late.fences()).toBe(1);
  const beyond = handlersOver({
    markRead: async () => {
      throw new BeyondLastMessage();
    },
  });
  expect(await failure(Promise.resolve(beyond.handlers.markRead(request)))).toBeInstanceOf(BeyondLastMessage);
  expect(beyond.fences()).toBe(1);
});
