import { afterAll, describe, expect, spyOn, test } from 'bun:test';
import {
  BeyondLastMessage,
  Forbidden,
  Gone,
  LimitReached,
  NotFound,
  NotYours,
  SenderFixed,
  TooManyKeys,
  Unauthenticated,
  Unavailable,
  VersionConflict,
} from '@parley/domain';
import { createLogger, createRegistry } from '@parley/runtime';
import { until } from '@parley/testing';
import { httpApp } from './app.ts';
import { bodiesWaiting } from './body-deadline.ts';
import { OPERATIONS } from './contract/operations.ts';
import { serve } from './server.ts';
import { OWN, openedAccess } from './testing/opened-access.ts';

const TOKEN = '6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a';
const PATH = `/api/applications/${TOKEN}/chats/1/messages`;

/** The same operations, once by Bun's router and once by Elysia's, which the standalone uses. */
describe('an operation', () => {
  let thrown: unknown;
  const create = async ({ body }: { body: { message_content: string } }) => {
    if (thrown !== undefined) throw thrown;
    await Bun.sleep(Number(body.message_content));
    return { slept: body.message_content };
  };
  const list = async () => ({ items: [1], link: '</x>; rel="next"' });
  const get = async ({ message }: { message: number }) => ({ item: { message }, etag: '"7"' });
  const change = async ({ versions }: { versions: readonly number[] | undefined }) => ({
    item: { versions },
    etag: '"8"',
  });
  const mark = async ({ user }: { user: string }) => ({ user });
  const erase = async () => {};
  const registry = createRegistry('test');
  const app = httpApp({
    logger: createLogger('test', 'silent'),
    registry,
    routes: [
      { operation: OPERATIONS.createMessage, handle: create },
      { operation: OPERATIONS.listMessages, handle: list },
      { operation: OPERATIONS.getMessage, handle: get },
      { operation: OPERATIONS.updateMessage, handle: change },
      { operation: OPERATIONS.deleteMessage, handle: erase },
      { operation: OPERATIONS.markRead, handle: mark },
    ],
  });
  const server = serve(app, { host: '127.0.0.1', port: 0 });
  afterAll(() => server.stop(0));

  const asks = {
    Bun: (path: string, init: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init),
    Elysia: async (path: string, init: RequestInit) => app.fetch(new Request(`http://localhost${path}`, init)),
  };
  const post = (content: string, id?: string): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(id !== undefined && { 'x-request-id': id }) },
    body: JSON.stringify({ message_content: content }),
  });

  describe.each(['Bun', 'Elysia'] as const)('that %s routes to', (router) => {
    const ask = asks[router];

    test('keeps the ids of answers apart that are made in another order', async () => {
      const answers = await Promise.all(['20', '1', '10'].map((wait) => ask(PATH, post(wait, `id-${wait}`))));
      for (const [index, wait] of ['20', '1', '10'].entries()) {
        const answer = answers[index];
        expect(answer?.status).toBe(201);
        expect(answer?.headers.get('x-request-id')).toBe(`id-${wait}`);
        expect(answer?.headers.get('x-content-type-options')).toBe('nosniff');
        expect(answer?.headers.get('content-type')).toStartWith('application/json');
        expect(await answer?.json()).toEqual({ slept: wait });
      }
    });

    test('gives one answer’s link to no other', async () => {
      const page = await ask(PATH, {});
      expect(page.headers.get('link')).toBe('</x>; rel="next"');
      expect(await page.json()).toEqual([1]);
      expect((await ask(PATH, post('1'))).headers.get('link')).toBeNull();
    });

    test('has an ETag if it answers one object, and is a 304 to who has this one', async () => {
      const fresh = await ask(`${PATH}/1`, {});
      expect([fresh.status, fresh.headers.get('etag'), await fresh.json()]).toEqual([200, '"7"', { message: 1 }]);
      for (const header of ['"7"', 'W/"7"', '"1", "7"', '*']) {
        const unchanged = await ask(`${PATH}/1`, { headers: { 'if-none-match': header, 'x-request-id': 'mine' } });
        expect([unchanged.status, await unchanged.text()], header).toEqual([304, '']);
        expect(unchanged.headers.get('etag')).toBe('"7"');
        expect(unchanged.headers.get('x-request-id')).toBe('mine');
        expect(unchanged.headers.get('x-content-type-options')).toBe('nosniff');
      }
      for (const header of ['"8"', '7', '']) {
        expect((await ask(`${PATH}/1`, { headers: { 'if-none-match': header } })).status, header).toBe(200);
      }
      expect((await ask(`${PATH}/1`, { method: 'HEAD', headers: { 'if-none-match': '"7"' } })).status).toBe(304);
      expect((await ask(PATH, post('1'))).headers.get('etag')).toBeNull();
    });

    test('gets the versions that If-Match lists', async () => {
      const patch = (ifMatch?: string) =>
        ask(`${PATH}/1`, {
          ...{ method: 'PATCH', body: '{"metadata":null}' },
          headers: { 'content-type': 'application/json', ...(ifMatch !== undefined && { 'if-match': ifMatch }) },
        });
      for (const [header, versions] of [
        [undefined, undefined],
        ['*', undefined],
        ['"7-3", W/"6"', [7, 6]],
      ] as const) {
        const answer = await patch(header);
        expect([answer.headers.get('etag'), await answer.json()]).toEqual(['"8"', { versions } as object]);
      }
      expect((await patch('7')).status).toBe(422);
    });

    test('may have an answer without a body', async () => {
      const answer = await ask(`${PATH}/1`, { method: 'DELETE', headers: { 'x-request-id': 'mine' } });
      expect([answer.status, await answer.text(), answer.headers.get('content-type')]).toEqual([204, '', null]);
      expect(answer.headers.get('x-request-id')).toBe('mine');
    });

    test('takes a user’s id with and without escapes', async () => {
      const of = async (user: string) => {
        const body = '{"message_number":1}';
        const headers = { 'content-type': 'application/json' };
        return ask(PATH.replace(/messages$/, `reads/${user}`), { method: 'PUT', headers, body });
      };
      for (const user of ['anna', 'a@b:c=d+e', 'a%40b%3Ac%3Dd%2Be', '0', 'x'.repeat(128)]) {
        expect(await (await of(user)).json()).toEqual({ user: decodeURIComponent(user) });
      }
      for (const user of ['a%20b', 'x'.repeat(129), '~', '%C3%A9']) {
        const answer = await of(user);
        expect(answer.status, user).toBe(422);
        expect(await answer.json()).toMatchObject({ errors: [{ path: 'user_id' }] });
      }
    });

    test('answers each error with its problem and an id', async () => {
      for (const [error, status] of [
        [new NotFound('chat'), 404],
        [new Unavailable('store', 'away'), 503],
        [new Gone('chat'), 410],
        [new VersionConflict(), 412],
        [new SenderFixed(), 422],
        [new BeyondLastMessage(), 422],
        [new Unauthenticated('who?', true), 401],
        [new Forbidden('not this'), 403],
        [new NotYours(), 403],
        [new TooManyKeys(), 422],
        [new LimitReached('messagesPerSecond', 1_001), 429],
        [new Error('a secret'), 500],
      ] as const) {
        thrown = error;
        const answer = await ask(PATH, post('1', 'mine'));
        thrown = undefined;
        expect(answer.status).toBe(status);
        expect(answer.headers.get('x-request-id')).toBe('mine');
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
        expect(answer.headers.get('retry-after')).toBe(status === 429 ? '2' : status === 503 ? '1' : null);
        expect(await answer.text()).not.toContain('secret');
      }
    });

    test('answers other methods with what its path takes', async () => {
      const answer = await ask(PATH, { method: 'DELETE' });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
      expect((await ask(PATH, { method: 'HEAD' })).status).toBe(200);
    });
  });

  test('whose client goes away in the middle of the body is no failure of ours', async () => {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port: server.port, socket: { data: () => {} } });
    const fields = 'Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n';
    socket.write(`POST ${PATH} HTTP/1.1\r\n${fields}\r\n{`);
    socket.flush();
    await until('the body is waited for', async () => bodiesWaiting() > 0);
    socket.terminate();
    const route = '/api/applications/:token/chats/:number/messages';
    const counted = (status: number) =>
      new RegExp(`requests_total{method="POST",route="${route}",status="${status}",program="test"} [1-9]`);
    await until('it is counted', async () => counted(400).test(await registry.metrics()));
  });
});

test('a credential that has ended while the body came is refused', async () => {
  const { access, keys, hints, clock, registry } = await openedAccess();
  let created = 0;
  const app = httpApp({
    ...{ logger: createLogger('test', 'silent'), registry, access },
    routes: [{ operation: OPERATIONS.createMessage, handle: async () => ({ created: ++created }) }],
  });
  for (const ends of [false, true]) {
    const { id, text } = keys.make(OWN);
    const { promise: rest, resolve: send } = Promise.withResolvers<void>();
    const body = new ReadableStream({
      start: async (stream) => {
        stream.enqueue(Buffer.from('{"message_content":'));
        await rest;
        stream.enqueue(Buffer.from('"slow"}'));
        stream.close();
      },
    });
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${text}` };
    const answer = app.fetch(new Request(`http://localhost${PATH}`, { method: 'POST', headers, body }));
    await clock.advance(200);
    await until('it waits for the body', () => bodiesWaiting() === 1);
    if (ends) {
      await keys.revokeKey(OWN, id);
      await hints.tell({ kind: 'revoked', id });
    }
    const now = performance.now.bind(performance);
    const later = spyOn(performance, 'now').mockImplementation(() => now() + 1_001);
    send();
    await until('the body has come', () => bodiesWaiting() === 0);
    await clock.advance(200);
    expect((await answer).status).toBe(ends ? 401 : 201);
    later.mockRestore();
  }
  expect(created).toBe(1);
});
