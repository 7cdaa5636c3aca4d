import { beforeAll, describe, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';
import { rawHttp } from '../support/raw.ts';

let client: Client;
let search: string;
beforeAll(async () => {
  client = await e2e();
  const chat = await client.chat();
  await client.messages(chat, ['red apple', 'green apple', 'red brick', 'blue sky', 'red wine']);
  search = `${chat}/search`;
  await until('three red ones', async () => (await client.get(`${search}?search_query=red`)).body.length === 3);
});

const JSON_TYPE = { 'content-type': 'application/json' };
const numbers = (body: { number: number }[]) => body.map(({ number }) => number);
const ask = (method: string, query: string, body: string | readonly string[] | undefined, headers = JSON_TYPE) =>
  rawHttp(client.url, { method, path: `${search}${query}`, headers, ...(body !== undefined && { body }) });

/** Both methods are tested, because a GET with a body is passed on to the api as a POST. */
for (const method of ['GET', 'POST']) {
  describe(`a search by ${method}`, () => {
    test('takes the query of the URL if the body has none', async () => {
      for (const body of [undefined, '', '{}', 'null', ' {}\n', ['{', '}'], []] as const) {
        const answer = await ask(method, '?search_query=red', body);
        expect(answer.status, JSON.stringify(body)).toBe(200);
        expect(numbers(answer.body)).toEqual([5, 3, 1]);
      }
    });

    test('takes the query of the body, in one piece or in chunks', async () => {
      for (const body of ['{"search_query":"apple"}', ['{"search_query":', '"apple"}']] as const) {
        const answer = await ask(method, '', body);
        expect(answer.status).toBe(200);
        expect(numbers(answer.body)).toEqual([2, 1]);
      }
    });

    test('accepts a query in both only if both are the same', async () => {
      const same = await ask(method, '?search_query=red+wine', '{"search_query":"red wine"}');
      expect(numbers(same.body)).toEqual([5]);
      const other = await ask(method, '?search_query=red', '{"search_query":"blue"}');
      expect(other.status).toBe(422);
      expect(other.body.errors).toEqual([{ path: '/search_query', message: expect.stringContaining('same') }]);
    });

    test('is refused if neither has a query', async () => {
      for (const body of [undefined, '', '{}', 'null']) {
        const { status, body: problem } = await ask(method, '', body);
        expect(status, body).toBe(422);
        expect(problem.errors[0].path).toEndWith('search_query');
      }
    });

    test('is refused if the query of the URL or of the body is invalid', async () => {
      const inUrl = await ask(method, '?search_query=', '{}');
      expect(inUrl.status).toBe(422);
      expect(inUrl.body.errors[0].path).toBe('search_query');
      for (const value of ['""', '5', 'null', '[]']) {
        const { status, body } = await ask(method, '?search_query=red', `{"search_query":${value}}`);
        expect(status, value).toBe(422);
        expect(body.errors[0].path).toBe('/search_query');
      }
      for (const body of ['[]', '"red"', '0', 'false']) {
        expect((await ask(method, '?search_query=red', body)).status, body).toBe(422);
      }
      expect((await ask(method, '?search_query=red', '{')).status).toBe(400);
    });

    test('must have a JSON body', async () => {
      const typed = { 'content-type': 'text/plain' };
      expect((await ask(method, '', '{"search_query":"red"}', typed)).status).toBe(415);
      // Only a search by POST needs a Content-Type: pages of other sites cannot make a browser send a GET with a body.
      const untyped = { path: search, method, body: '{"search_query":"red"}' };
      expect((await rawHttp(client.url, untyped)).status).toBe(method === 'GET' ? 200 : 415);
    });

    test('accepts limit and cursor in the URL, not in the body', async () => {
      expect(numbers((await ask(method, '?limit=2', '{"search_query":"red"}')).body)).toEqual([5, 3]);
      const { status, body } = await ask(method, '?search_query=red', '{"limit":2}');
      expect(status).toBe(422);
      expect(body.errors[0].path).toBe('/limit');
    });

    for (const [what, first, again] of [
      ['the query in the URL', undefined, undefined],
      ['the query in the body', '{"search_query":"red"}', undefined],
      ['the query in the body of every page', '{"search_query":"red"}', '{"search_query":"red"}'],
    ] as const) {
      test(`continues by its Link with ${what}`, async () => {
        const found: number[] = [];
        let answer = await ask(method, first === undefined ? '?limit=1&search_query=red' : '?limit=1', first);
        for (;;) {
          expect(answer.status).toBe(200);
          found.push(...numbers(answer.body));
          const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
          if (next === undefined) break;
          answer = await ask(method, next.slice(search.length), again);
        }
        expect(found).toEqual([5, 3, 1]);
      });
    }
  });
}
