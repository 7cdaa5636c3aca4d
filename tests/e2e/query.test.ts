import { beforeAll, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { e2eChat } from '../support/e2e.ts';
import { rawHttp } from '../support/raw.ts';

let client: Client;
let application: string;
let chat: string;
beforeAll(async () => {
  ({ client, application, chat } = await e2eChat());
});

const SEARCH = { search_query: 'one' };
const MESSAGE = { message_content: 'x' };

/** Every operation but the search by GET, with a request that succeeds without query parameters. */
const operations = (): [method: string, path: string, json?: unknown][] => [
  ['GET', '/api/applications'],
  ['POST', '/api/applications', { application_name: 'x' }],
  ['GET', application],
  ['PATCH', application, { application_name: 'x' }],
  ['PUT', application, { application_name: 'x' }],
  ['GET', `${application}/chats`],
  ['POST', `${application}/chats`, { chat_name: 'x' }],
  ['GET', chat],
  ['PATCH', chat, { chat_name: 'x' }],
  ['PUT', chat, { chat_name: 'x' }],
  ['POST', chat, MESSAGE],
  ['GET', `${chat}/messages`],
  ['POST', `${chat}/messages`, MESSAGE],
  ['POST', `${chat}/messages/batch`, { messages: [MESSAGE] }],
  ['GET', `${chat}/messages/1`],
  ['PATCH', `${chat}/messages/1`, MESSAGE],
  ['PUT', `${chat}/messages/1`, MESSAGE],
  ['POST', `${chat}/search`, SEARCH],
];

async function refused(method: string, path: string, json: unknown, names: string[]): Promise<void> {
  const { status, body } = await client.call(method, path, json === undefined ? {} : { json });
  expect(status, `${method} ${path}`).toBe(422);
  expect(
    body.errors.map((error: { path: string }) => error.path),
    `${method} ${path}`,
  ).toEqual(names);
}

test('an unknown parameter is refused with its name, and nothing is changed', async () => {
  const before = (await client.get(chat)).body;
  for (const [method, path, json] of operations()) {
    await refused(method, `${path}?page=2`, json, ['page']);
    await refused(method, `${path}?x&y=1&x=2`, json, ['x', 'y', 'x']);
  }
  await refused('GET', `${chat}/search?search_query=one&order=desc`, undefined, ['order']);
  await refused('GET', `${chat}?limit=5`, undefined, ['limit']);
  await refused('GET', `${application}/chats?__proto__=1`, undefined, ['__proto__']);
  expect((await client.get(chat)).body).toEqual(before);
  expect((await client.post(`${chat}/messages`, MESSAGE)).body.message_number).toBe(2);
});

test('a parameter that is given twice is refused with its name, even if one is escaped', async () => {
  for (const list of ['/api/applications', `${application}/chats`, `${chat}/messages`]) {
    for (const [query, name] of [
      ['limit=5&limit=5', 'limit'],
      ['limit=5&%6cimit=6', 'limit'],
      ['order=desc&order=desc', 'order'],
    ]) {
      const { status, body } = await client.get(`${list}?${query}`);
      expect(status).toBe(422);
      expect(body.errors).toEqual([{ path: name, message: 'must be given once' }]);
    }
  }
  await refused('GET', `${chat}/search?search_query=one&search_query=two`, undefined, ['search_query']);
});

test("a broken percent escape is refused with the parameter's name", async () => {
  const raw = (method: string, path: string) => rawHttp(client.url, { method, path });
  for (const [query, name] of [
    ['limit=%zz', 'limit'],
    ['limit=%', 'limit'],
    ['limit=%ff', 'limit'],
    ['%zz=1', '%zz'],
  ]) {
    for (const list of ['/api/applications', `${application}/chats`, `${chat}/messages`, `${chat}/search`]) {
      const { status, body } = await raw('GET', `${list}?${query}`);
      expect(status, `${list}?${query}`).toBe(422);
      expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([name]);
    }
    expect((await raw('GET', `${chat}?${query}`)).status).toBe(422);
  }
  expect((await raw('GET', `${chat}/search?search_query=%e0%a4%a`)).status).toBe(422);
});

test('an empty query is allowed, and escapes and + are decoded', async () => {
  for (const [method, path, json] of operations()) {
    const { status } = await client.call(method, `${path}?`, json === undefined ? {} : { json });
    expect(status, `${method} ${path}?`).toBeWithin(200, 202);
  }
  expect((await client.get(`${chat}/messages?&limit=%31&`)).body).toHaveLength(1);
  const words = await client.chat();
  await client.messages(words, ['über den Berg']);
  await client.get(`${words}/messages/1`);
  for (const query of ['%C3%BCber+den', '%c3%bcber%20den'])
    expect((await client.get(`${words}/search?search_query=${query}`)).status).toBe(200);
});
