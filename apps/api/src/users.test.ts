import { expect, test } from 'bun:test';
import { type Caller, Forbidden, newToken, type SearchRequest } from '@parley/domain';
import type { Encoded } from '@parley/http';
import { createLogger } from '@parley/runtime';
import { failure } from '@parley/testing';
import { chatHandlers } from './chat-handlers.ts';
import { messageHandlers } from './message-handlers.ts';
import type { ApiParts } from './parts.ts';
import { searchHandlers } from './search-handlers.ts';

const token = newToken();
const scopes = new Set(['messages:read', 'messages:write'] as const);
const anna = { kind: 'user', token, user: 'anna', scopes, chats: new Set([30, 4]) } as const satisfies Caller;
const everywhere: Caller = { ...anna, chats: '*' };
const server: Caller = { kind: 'key', token, key: 'k', scopes };
const asked = (caller: Caller) => ({ caller, token, chat: 4, message: 1, quota: undefined, path: '/p', query: {} });

const TIMES = { created_at: '1970-01-01T00:00:00.000Z', updated_at: '1970-01-01T00:00:00.000Z' };

/** The message in an answer. */
function shown({ item }: { readonly item: unknown }): unknown {
  return JSON.parse(String((item as Encoded).json()));
}

/** Handlers over a store that finds one chat or message each time, and records what it is asked for last. */
function handlersOver(more: { readonly senderId?: string; readonly metadata?: string } = {}) {
  const last: unknown[] = [];
  const search: SearchRequest[] = [];
  const chat = { number: 4, name: '', version: 1, messagesCount: 0, countedThrough: 0, createdAt: 0, updatedAt: 0 };
  const message = { number: 1, content: 'a', chat: 4, version: 1, createdAt: 0, updatedAt: 0, ...more };
  const mark = { userId: 'anna', number: 1, updatedAt: 0 };
  /** Answers this, and records what is given at this place; from the end, if negative. */
  const record =
    <Answer>(answer: Answer, place = -1) =>
    async (...given: unknown[]) => {
      last.push(given.at(place));
      return answer;
    };
  const parts = {
    store: {
      chats: record({ rows: [chat], more: true }, 2),
      inbox: record({ rows: [chat], next: { at: 1, chat: 4 } }, 3),
      unread: async () => [1],
      changeMessage: record(message),
      deleteMessage: record(true, 4),
      markRead: record(mark),
      messagesAt: async () => [message, { ...message, chat: 5 }],
      application: async () => ({}),
    },
    index: {
      search: async (request: SearchRequest) => {
        search.push(request);
        const hit = { rank: 0, createdAt: 0, number: 1 };
        return {
          hits: [
            { ...hit, chat: 5 },
            { ...hit, chat: 4 },
          ],
          more: false,
        };
      },
    },
    counters: { pending: async (_: number, of: readonly unknown[]) => of.map(() => 0) },
    logger: createLogger('test', 'silent'),
  } as unknown as ApiParts;
  return { last, search, ...chatHandlers(parts), ...messageHandlers(parts), ...searchHandlers(parts) };
}

test('a user changes and deletes own messages only; a server all', async () => {
  for (const [caller, by] of [
    [anna, 'anna'],
    [server, undefined],
  ] as const) {
    const handlers = handlersOver();
    await handlers.updateMessage({ ...asked(caller), versions: undefined, body: { message_content: 'b' } });
    await handlers.replaceMessage({ ...asked(caller), versions: undefined, body: { message_content: 'b' } });
    await handlers.deleteMessage({ ...asked(caller), versions: undefined });
    const [update, replace, deletedBy] = handlers.last;
    expect([update, replace]).toMatchObject([{ content: 'b' }, { content: 'b' }]);
    expect([update, replace].map((change) => (change as { by?: string }).by)).toEqual([by, by]);
    expect(deletedBy).toBe(by);
  }
});

test('a user sets and asks for an own read mark only; a server any', async () => {
  const handlers = handlersOver();
  const mark = (caller: Caller, user: string) =>
    Promise.resolve(handlers.markRead({ ...asked(caller), user, body: { message_number: 1 } }));
  const list = (caller: Caller, user_id: string, rest = {}) =>
    Promise.resolve(handlers.listChats({ ...asked(caller), query: { user_id, ...rest } }));
  expect(await failure(mark(anna, 'bob'))).toBeInstanceOf(Forbidden);
  expect(await failure(list(anna, 'bob'))).toBeInstanceOf(Forbidden);
  expect(await failure(list(everywhere, 'bob', { order: 'activity' }))).toBeInstanceOf(Forbidden);
  expect(handlers.last).toEqual([]);
  for (const [caller, user] of [
    [anna, 'anna'],
    [server, 'bob'],
  ] as const) {
    await mark(caller, user);
    expect((await list(caller, user)).items).toMatchObject([{ unread_count: 1 }]);
  }
});

test('lists have a user’s chats only, and their links lead on', async () => {
  for (const [caller, only] of [
    [anna, [4, 30]],
    [everywhere, undefined],
    [server, undefined],
  ] as const) {
    const handlers = handlersOver();
    const byNumber = await handlers.listChats({ ...asked(caller), query: { limit: '1' } });
    expect(byNumber.link).toBe('</p?limit=1&after=4>; rel="next"');
    const inbox = await handlers.listChats({ ...asked(caller), query: { limit: '1', order: 'activity' } });
    expect(inbox.link).toStartWith('</p?limit=1&order=activity&cursor=');
    expect(handlers.last).toEqual([only, only]);
  }
});

test('a search of the application finds in a user’s chats only, whatever the index finds', async () => {
  const found = async (caller: Caller) => {
    const handlers = handlersOver();
    const { items } = await handlers.searchApplication({ ...asked(caller), query: { search_query: 'a' } });
    return [handlers.search.map(({ chats }) => chats), items.map(({ chat_number }) => chat_number)];
  };
  expect(await found(anna)).toEqual([[[4, 30]], [4]]);
  expect(await found(everywhere)).toEqual([[undefined], [5, 4]]);
  expect(await found(server)).toEqual([[undefined], [5, 4]]);
  expect(await found({ ...anna, chats: new Set() })).toEqual([[], []]);
});

test('who may write and not read sees only what was sent, also in the answer to a change', async () => {
  const stored = { senderId: 'ben', metadata: '{"a":1}' };
  const writes = new Set(['messages:write'] as const);
  const callers: Caller[] = [
    { ...server, scopes: writes },
    { ...everywhere, scopes: writes },
  ];
  for (const caller of callers) {
    const handlers = handlersOver(stored);
    const change = async (body: object) =>
      shown(await handlers.updateMessage({ ...asked(caller), versions: undefined, body }));
    for (const body of [{ metadata: null }, { metadata: { b: 2 } }, { sender_id: 'ben' }]) {
      expect(await failure(change(body))).toBeInstanceOf(Forbidden);
    }
    expect(handlers.last).toEqual([]);
    expect(await change({ message_content: 'a' })).toEqual({ number: 1, content: 'a', ...TIMES });
    expect(await change({ message_content: 'a', sender_id: 'ben', metadata: { a: 1 } })).toEqual({
      ...{ number: 1, content: 'a', sender_id: 'ben', metadata: { a: 1 }, ...TIMES },
    });
    const replaced = { ...asked(caller), versions: undefined, body: { message_content: 'a' } };
    expect(shown(await handlers.replaceMessage(replaced))).toEqual({ number: 1, content: 'a', ...TIMES });
  }
  const changed = await handlersOver(stored).updateMessage({
    ...{ ...asked(server), versions: undefined, body: { metadata: { a: 1 } } },
  });
  expect(shown(changed)).toEqual({ number: 1, content: 'a', sender_id: 'ben', metadata: { a: 1 }, ...TIMES });
});
