import { describe, expect, test } from 'bun:test';
import {
  type Caller,
  Gone,
  NotFound,
  newToken,
  type PlacedMessage,
  type SearchPosition,
  type SearchRequest,
} from '@parley/domain';
import { RequestProblem } from '@parley/http';
import { failure } from '@parley/testing';
import type { ApiParts } from './parts.ts';
import { searchHandlers } from './search-handlers.ts';

const token = newToken();
const caller: Caller = { kind: 'anyone' };
const path = '/api/search';
const AT = Date.UTC(2026, 2, 1, 9, 30, 0, 123);
const row = (chat: number, number: number, senderId?: string): PlacedMessage => {
  return { chat, number, content: `a Red car ${chat}`, senderId, version: 1, createdAt: AT, updatedAt: AT };
};
const ROWS = [row(2, 3, 'ann'), row(2, 2), row(1, 3)];

/** Handlers over ROWS, which every search finds. Records what the index is asked for. */
function handlersOf(rows: readonly PlacedMessage[], owner: () => Promise<object | undefined> = async () => ({})) {
  const asked: SearchRequest[] = [];
  const index = {
    search: async (request: SearchRequest) => {
      asked.push(request);
      const { chat, after, limit } = request;
      const own = rows.filter((message) => chat === undefined || message.chat === chat);
      const begin = after === undefined ? 0 : own.findIndex((message) => isAt(message, after)) + 1;
      const hits = own.slice(begin, begin + limit).map(({ number, ...message }) => {
        return { rank: 0, createdAt: AT, chat: message.chat, number };
      });
      return { hits, more: begin + limit < own.length };
    },
  };
  const store = { messagesAt: async () => rows, application: owner, chat: owner, reached: async () => {} };
  const parts = { index, store, events: { fence: async () => 0 } } as unknown as ApiParts;
  return { ...searchHandlers(parts), asked };
}

function isAt({ chat, number }: PlacedMessage, after: SearchPosition): boolean {
  return chat === after.chat && number === after.number;
}

const inChat = (query: Record<string, string>) => ({
  caller,
  token,
  chat: 2,
  path,
  query: { search_query: 'red', ...query },
});

test('a plain search of a chat answers numbers and contents alone', async () => {
  // A form that sends the default values asks for nothing more.
  for (const query of [{}, { order: 'best' }, { highlights: 'false' }]) {
    const { items } = await handlersOf(ROWS).searchMessages(inChat(query));
    expect(JSON.stringify(items)).toBe('[{"number":3,"content":"a Red car 2"},{"number":2,"content":"a Red car 2"}]');
  }
});

test.each([
  [{ sender_id: 'ann' }, { senderId: 'ann' }],
  [{ from: '2026-03-01T09:30:00Z' }, { from: AT - 123 }],
  [{ to: '2026-03-01T10:30:01+01:00' }, { to: AT + 877 }],
  [{ order: 'newest' }, { order: 'newest' }],
] as const)('with %j the index is asked for it, and hits have times and senders', async (query, request) => {
  const handlers = handlersOf(ROWS);
  const { items } = await handlers.searchMessages(inChat(query));
  expect(items[0]).toEqual({
    ...{ number: 3, content: 'a Red car 2', created_at: '2026-03-01T09:30:00.123Z', sender_id: 'ann' },
  });
  if (!('sender_id' in query)) expect(Object.keys(items[1] ?? {})).toEqual(['number', 'content', 'created_at']);
  expect(handlers.asked[0]).toMatchObject({ token, chat: 2, query: 'red', ...request });
});

test('an application search shows the chat of each hit, and the highlights that were asked for', async () => {
  const query = { search_query: 'red car', highlights: 'true' };
  const { items } = await handlersOf(ROWS).searchApplication({ caller, token, path, query });
  expect(items.map(({ chat_number, number }) => [chat_number, number])).toEqual([
    [2, 3],
    [2, 2],
    [1, 3],
  ]);
  expect(items[0]).toMatchObject({
    created_at: '2026-03-01T09:30:00.123Z',
    highlights: [
      [2, 5],
      [6, 9],
    ],
  });
  const plain = await handlersOf(ROWS).searchApplication({ caller, token, path, query: { search_query: 'red' } });
  expect(Object.keys(plain.items[1] ?? {})).toEqual(['chat_number', 'number', 'content', 'created_at']);
});

test('the link to the next page repeats everything that was asked for, wherever it stood', async () => {
  const handlers = handlersOf(ROWS);
  const body = { search_query: 'red', sender_id: 'ann', order: 'newest', highlights: true } as const;
  const first = await handlers.searchApplicationByBody({ caller, token, path, query: { limit: '1' }, body });
  expect(first.items).toHaveLength(1);
  expect(first.link).toBeUndefined(); // the others are not of ann
  const all = await handlers.searchApplicationByBody({
    ...{ caller, token, path, query: { limit: '2', order: 'newest' } },
    body: { ...body, sender_id: undefined },
  });
  const link = /^<([^>]+)>; rel="next"$/.exec(all.link ?? '')?.[1] ?? '';
  const query = Object.fromEntries(new URL(link, 'http://x').searchParams);
  expect(query).toMatchObject({ search_query: 'red', order: 'newest', highlights: 'true', limit: '2' });
  const next = await handlers.searchApplication({ caller, token, path, query });
  expect(next.items.map(({ chat_number, number }) => [chat_number, number])).toEqual([[1, 3]]);
  const plain = await handlers.searchMessages(inChat({ limit: '1' }));
  expect(plain.link).toStartWith(`<${path}?search_query=red&limit=1&cursor=`);
});

describe('refused with the name of what is wrong', () => {
  for (const [query, wrong] of [
    [{ sender_id: 'a b' }, 'sender_id'],
    [{ from: 'yesterday' }, 'from'],
    [{ to: '2026-02-30T00:00:00Z' }, 'to'],
    [{ order: 'asc' }, 'order'],
    [{ highlights: 'yes' }, 'highlights'],
    [{ cursor: 'x' }, 'cursor'],
    [{ search_query: '' }, 'search_query'],
  ] as const) {
    test(`${JSON.stringify(query)} in the URL`, async () => {
      const error = await failure(handlersOf(ROWS).searchMessages(inChat(query)));
      expect(error).toBeInstanceOf(RequestProblem);
      expect(error).toMatchObject({ status: 422, errors: [{ path: wrong }] });
    });
  }

  for (const [query, body, wrong] of [
    [{}, { search_query: 'red', from: 'yesterday' }, '/from'],
    [{ search_query: 'red' }, { search_query: 'blue' }, '/search_query'],
    [{ search_query: 'red', order: 'best' }, { order: 'newest' }, '/order'],
    [{}, {}, '/search_query'],
  ] as const) {
    test(`${JSON.stringify(body)} in the body, ${JSON.stringify(query)} in the URL`, async () => {
      const error = await failure(handlersOf(ROWS).searchApplicationByBody({ caller, token, path, query, body }));
      expect(error).toMatchObject({ status: 422, errors: [{ path: wrong }] });
    });
  }
});

test('a search that finds nothing tells whether its owner exists; what is below a deleted one does not', async () => {
  const query = { search_query: 'red' };
  expect(await handlersOf([]).searchApplication({ caller, token, path, query })).toEqual({
    items: [],
    link: undefined,
  });
  for (const [owner, what] of [
    [async () => undefined, 'application'],
    [() => Promise.reject(new Gone('application')), 'application'],
    [() => Promise.reject(new Gone('chat')), 'chat'],
  ] as const) {
    const handlers = handlersOf([], owner);
    const asked =
      what === 'chat'
        ? handlers.searchMessages(inChat({}))
        : handlers.searchApplication({ caller, token, path, query });
    const error = await failure(asked);
    expect(error).toBeInstanceOf(NotFound);
    expect(error).toMatchObject({ what });
  }
});
