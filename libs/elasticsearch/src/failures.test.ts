import { describe, expect, test } from 'bun:test';
import { newToken, Unavailable } from '@parley/domain';
import { failure } from '@parley/testing';
import { IndexMissing, WrongElasticsearch } from './errors.ts';
import { openElasticsearch } from './open.ts';
import { documentOf, pretend } from './testing/own-index.ts';

const request = { token: newToken(), chat: 1, query: 'hello', limit: 10 };
const INDEX = 'parley-messages-000001';
const documents = [1, 2, 3].map((number) => documentOf(request.token, number, `text ${number}`));
/** The pretended Elasticsearch's answer to the request for all indices. */
const LISTED = { [INDEX]: { aliases: {}, mappings: { _meta: { owner: 'parley', version: 2 } } } };
const isListing = ({ method, url }: Request) =>
  method === 'GET' && new URL(url).pathname.startsWith('/parley-messages');
const open = (url: string, options = {}) =>
  openElasticsearch({ url, searchTimeoutMs: 300, indexTimeoutMs: 600, adminTimeoutMs: 300, ...options });

describe('a server that is away', () => {
  test('makes every call Unavailable at once', async () => {
    const closed = pretend(() => new Response());
    await closed.stop();
    const { search, admin, indexInto, close } = open(closed.url);
    for (const call of [
      () => search.search(request),
      () => indexInto([INDEX], documents),
      () => admin.ping(),
      () => admin.ensureIndex(),
    ]) {
      const start = performance.now();
      expect(await failure(call())).toMatchObject({ name: 'Unavailable', dependency: 'search index' });
      expect(performance.now() - start).toBeLessThan(200);
    }
    await close();
  });

  test('needs no call for a query without terms', async () => {
    const closed = pretend(() => new Response());
    await closed.stop();
    const { search, close } = open(closed.url);
    expect(await search.search({ ...request, query: ' \u200b ' })).toEqual({ hits: [], more: false });
    await close();
  });

  test('is found again when it is back', async () => {
    let away = true;
    const server = pretend(() => (away ? new Response('{}', { status: 503 }) : Response.json({ status: 'green' })));
    const { admin, close } = open(server.url, { adminTimeoutMs: 2_000 });
    expect(await failure(admin.ping())).toBeInstanceOf(Unavailable);
    away = false;
    await admin.ping();
    await close();
    await server.stop();
  });
});

test('a server that never answers is Unavailable at the deadline', async () => {
  const server = pretend((asked) => (isListing(asked) ? Response.json(LISTED) : new Promise<Response>(() => {})));
  const { search, admin, indexInto, close } = open(server.url);
  for (const [call, limit] of [
    [() => search.search(request), 300],
    [() => indexInto([INDEX], documents), 600],
    [() => admin.ping(), 300],
  ] as const) {
    const start = performance.now();
    expect(await failure(call())).toBeInstanceOf(Unavailable);
    expect(performance.now() - start).toBeWithin(limit - 10, limit + 300);
  }
  await close();
  await server.stop();
});

describe('a busy server', () => {
  /**
   * Starts a server that answers bulk request n with the statuses in turn n, or the last. `sizes`: documents of each.
   */
  function busy(turns: readonly (readonly number[])[]) {
    const sizes: number[] = [];
    const server = pretend(async (asked) => {
      if (isListing(asked)) return Response.json(LISTED);
      const items = (await asked.text()).split('\n').filter((line) => line.startsWith('{"index"'));
      const turn = turns[Math.min(sizes.push(items.length), turns.length) - 1]!;
      const answers = items.map((_, position) => ({ index: answer(turn[position % turn.length]!) }));
      return Response.json({ errors: true, items: answers });
    });
    return { ...server, sizes };
  }
  const answer = (status: number) =>
    status < 300 ? { status } : { status, error: { type: 'es_rejected_execution_exception', reason: 'full' } };

  test('is sent again only what it did not take', async () => {
    const server = busy([[201, 429, 503], [429, 201], [409]]);
    const warned: object[] = [];
    const logger = { warn: (details: object) => void warned.push(details) };
    const { indexInto, close } = open(server.url, { indexTimeoutMs: 5_000, logger });
    expect(await indexInto([INDEX], documents)).toEqual([]);
    expect(server.sizes).toEqual([3, 2, 1]);
    expect(warned).toMatchObject([
      { documents: 2, attempt: 0 },
      { documents: 1, attempt: 1 },
    ]);
    await close();
    await server.stop();
  });

  test('is Unavailable when it stays busy until the deadline', async () => {
    const server = busy([[429]]);
    const { indexInto, close } = open(server.url);
    const start = performance.now();
    const refusal = await failure(indexInto([INDEX], documents));
    expect(refusal).toBeInstanceOf(Unavailable);
    // Both errors are right: on a busy machine the deadline may pass during the last try.
    expect(String(refusal)).toMatch(/is overloaded|did not answer in time/);
    expect(performance.now() - start).toBeLessThan(900);
    expect(server.sizes.length).toBeGreaterThan(2);
    await close();
    await server.stop();
  });

  test('may refuse a request as a whole, which is sent again', async () => {
    let asked = 0;
    const server = pretend((request) => {
      if (isListing(request)) return Response.json(LISTED);
      asked += 1;
      return asked < 3
        ? Response.json({ error: { type: 'circuit_breaking_exception' } }, { status: 429 })
        : Response.json({ errors: false });
    });
    const { indexInto, close } = open(server.url, { indexTimeoutMs: 5_000 });
    expect(await indexInto([INDEX], documents)).toEqual([]);
    expect(asked).toBe(3);
    await close();
    await server.stop();
  });
});

test('a connection that is lost before the answer is no failure: the call is made once more', async () => {
  let asked = 0;
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(socket) {
        asked += 1;
        if (asked === 1) return void socket.terminate();
        const head = 'HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\ncontent-type: application/json';
        socket.write(`${head}\r\ncontent-length: 2\r\n\r\n{}`);
      },
    },
  });
  const { search, close } = open(`http://127.0.0.1:${server.port}`);
  expect(await search.search(request)).toEqual({ hits: [], more: false });
  expect(asked).toBe(2);
  await close();
  server.stop(true);
});

describe('a server of another kind', () => {
  test('of another major version is told with its version', async () => {
    const server = pretend(() => Response.json({ nodes: { a: { version: '9.5.3' }, b: { version: '8.19.0' } } }));
    const { admin, close } = open(server.url);
    const error = await failure(admin.checkVersion());
    expect(error).toBeInstanceOf(WrongElasticsearch);
    expect(String(error)).toContain('has version 8.19.0: version 9 is needed');
    await close();
    await server.stop();
  });

  test('that does not know our media type is told as a wrong version', async () => {
    const body = { error: { type: 'media_type_header_exception', reason: 'Invalid media-type' }, status: 400 };
    const server = pretend(() => Response.json(body, { status: 400 }));
    const { admin, close } = open(server.url);
    expect(String(await failure(admin.checkVersion()))).toContain('wrong version');
    await close();
    await server.stop();
  });

  test('that is not Elasticsearch is told', async () => {
    const server = pretend(() => Response.json({ hello: 'world' }), false);
    const { admin, close } = open(server.url);
    expect(String(await failure(admin.checkVersion()))).toContain('not Elasticsearch');
    await close();
    await server.stop();
  });

  test('that forgets the answer for a document has not stored it', async () => {
    const server = pretend((asked) => Response.json(isListing(asked) ? LISTED : { errors: true, items: [] }));
    const { indexInto, close } = open(server.url);
    const error = await failure(indexInto([INDEX], documents));
    expect(error).toBeInstanceOf(Unavailable);
    expect(error).not.toBeInstanceOf(IndexMissing);
    await close();
    await server.stop();
  });

  test('that could not ask all shards in time has no answer', async () => {
    const server = pretend(() => Response.json({ timed_out: true, hits: { hits: [] } }));
    const { search, close } = open(server.url);
    expect(await failure(search.search(request))).toBeInstanceOf(Unavailable);
    await close();
    await server.stop();
  });
});
