import { beforeAll, describe, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Answer, Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';
import { rawHttp } from '../support/raw.ts';

/** A search over all chats of an application, and the filters that both searches have. */
let client: Client;
let application: string;
let chats: readonly [string, string];
beforeAll(async () => {
  client = await e2e();
  application = await client.application();
  chats = [await client.chat('One', application), await client.chat('Two', application)];
  const said = (chat: string, messages: readonly object[]) => client.post(`${chat}/messages/batch`, { messages });
  await said(chats[0], [
    { message_content: 'a red apple', sender_id: 'anna', created_at: '2020-01-01T00:00:00Z' },
    { message_content: 'a red brick', sender_id: 'bob', created_at: '2021-01-01T00:00:00Z' },
    { message_content: 'a blue sky', sender_id: 'anna', created_at: '2022-01-01T00:00:00Z' },
  ]);
  await said(chats[1], [
    { message_content: '😀 Red wine', sender_id: 'anna', created_at: '2023-01-01T00:00:00Z' },
    { message_content: 'reddish', created_at: '2024-01-01T00:00:00Z' },
  ]);
  const other = await client.chat();
  await client.messages(other, ['a red car of another application']);
  for (const chat of chats) {
    await until(
      'it is found',
      async () => (await client.get(`${chat}/search?search_query=red`)).body.length === 2,
      15_000,
    );
  }
});

const places = ({ body }: Answer): string[] =>
  body.map(({ chat_number, number }: { chat_number?: number; number: number }) => `${chat_number ?? ''}:${number}`);
const find = (query: string, path = application) => client.get(`${path}/search?${query}`);

describe('a search of an application', () => {
  test('finds messages of all its chats, best first, and of no other application', async () => {
    const { status, body } = await find('search_query=red');
    expect(status).toBe(200);
    expect(body.map((hit: { chat_number: number; number: number }) => [hit.chat_number, hit.number])).toEqual([
      [2, 1],
      [1, 2],
      [1, 1],
      [2, 2],
    ]);
    expect(body[0]).toMatchObject({
      content: '😀 Red wine',
      sender_id: 'anna',
      created_at: '2023-01-01T00:00:00.000Z',
    });
  });

  test('takes its query from the address, from a body with GET, and from a POST', async () => {
    const path = `${application}/search`;
    const expected = places(await find('search_query=wine'));
    expect(expected).toEqual(['2:1']);
    const headers = { 'content-type': 'application/json' };
    for (const method of ['GET', 'POST']) {
      const answer = await rawHttp(client.url, { method, path, headers, body: '{"search_query":"wine"}' });
      expect(places(answer as unknown as Answer), method).toEqual(expected);
      expect((await rawHttp(client.url, { method, path, headers, body: '{}' })).status).toBe(422);
    }
    expect(places(await client.post(path, { search_query: 'wine' }))).toEqual(expected);
  });

  test('pages to each hit once', async () => {
    const seen: string[] = [];
    let path: string | undefined = `${application}/search?search_query=red&limit=1`;
    while (path !== undefined) {
      const page: Answer = await client.get(path);
      seen.push(...places(page));
      path = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(['2:1', '1:2', '1:1', '2:2']);
  });

  test('of an unknown application is a 404, and one that finds nothing is empty', async () => {
    expect((await find('search_query=x', `/api/applications/${crypto.randomUUID()}`)).status).toBe(404);
    expect((await find('search_query=green')).body).toEqual([]);
    expect((await client.post(`/api/applications/${crypto.randomUUID()}/search`, { search_query: 'x' })).status).toBe(
      404,
    );
  });

  test('shows a change at once, and a deleted message or chat never again', async () => {
    const mine = await client.application();
    const [one, two] = [await client.chat('One', mine), await client.chat('Two', mine)];
    await client.messages(one, ['a numbat', 'b numbat']);
    await client.messages(two, ['c numbat']);
    await until('all are found', async () => (await find('search_query=numbat', mine)).body.length === 3, 15_000);
    await client.patch(`${one}/messages/1`, { message_content: 'a wallaby' });
    expect(places(await find('search_query=numbat&order=newest', mine)).toSorted()).toEqual(['1:2', '2:1']);
    await client.delete(`${one}/messages/2`);
    expect(places(await find('search_query=numbat', mine))).toEqual(['2:1']);
    await client.delete(two);
    expect((await find('search_query=numbat', mine)).body).toEqual([]);
  });
});

describe('both searches', () => {
  test.each(['an application', 'a chat'])('of %s take a sender, times and an order', async (kind) => {
    const [path, hits] =
      kind === 'a chat'
        ? [chats[0], (all: string[]) => all.filter((each) => each.startsWith('1:'))]
        : [application, (all: string[]) => all];
    for (const [query, expected] of [
      ['search_query=red&sender_id=anna', ['2:1', '1:1']],
      ['search_query=red&sender_id=nobody', []],
      ['search_query=red&from=2021-01-01T00:00:00Z', ['2:1', '1:2', '2:2']],
      ['search_query=red&to=2021-01-01T00:00:00Z', ['1:1']],
      ['search_query=red&from=2020-06-01T00:00:00Z&to=2023-06-01T00:00:00Z', ['2:1', '1:2']],
      ['search_query=red&from=2021-01-01T01:00:00%2B01:00&to=2021-01-01T00:00:00.001Z', ['1:2']],
      ['search_query=red&order=newest', ['2:2', '2:1', '1:2', '1:1']],
      ['search_query=red&order=best', ['2:1', '1:2', '1:1', '2:2']],
    ] as [string, string[]][]) {
      const told = places(await find(query, path)).map((place) => (place.startsWith(':') ? `1${place}` : place));
      expect(told, query).toEqual(hits(expected));
    }
  });

  test('mark what matches, in characters', async () => {
    const { body } = await find('search_query=red+wine&highlights=true');
    const [{ content, highlights }] = body;
    const characters = [...(content as string)];
    const marked = highlights.map(([start, end]: [number, number]) => characters.slice(start, end).join(''));
    expect(marked.join(' ')).toBe('Red wine');
    expect((await find('search_query=red')).body[0]).not.toHaveProperty('highlights');
  });

  test('refuse wrong filters with 422', async () => {
    for (const path of [application, chats[0]]) {
      for (const [query, name] of [
        ['sender_id=a%20b', 'sender_id'],
        ['from=yesterday', 'from'],
        ['to=2021-02-30T00:00:00Z', 'to'],
        ['order=worst', 'order'],
        ['highlights=yes', 'highlights'],
        ['cursor=x', 'cursor'],
        ['limit=0', 'limit'],
      ]) {
        const { status, body } = await find(`search_query=red&${query}`, path);
        expect([status, body.errors?.[0].path], query).toEqual([422, name]);
      }
    }
  });
});
