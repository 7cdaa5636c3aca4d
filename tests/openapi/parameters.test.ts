/** Each operation must read exactly the parameters that the OpenAPI document describes for it. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { dereferenced, type OpenApiParameter, operationsOf } from '../support/openapi.ts';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

const dataDir = await temporaryFolder();
const standalone: StandaloneProcess = await startStandalone(dataDir);
const operations = operationsOf(dereferenced(await (await fetch(`${standalone.url}/openapi.json`)).json()));
afterAll(async () => {
  await standalone.terminate();
  await rm(dataDir, { recursive: true, force: true });
});

const JSON_TYPE = { 'content-type': 'application/json' };
/** How many applications, chats and messages there are: more than a page has by default. */
const MANY = 60;
const PATIENCE_MS = 15_000;
const UNKNOWN_TOKEN = '6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a';
let token = '';
/** What the operations that delete are tried on, by path: nothing else needs it. */
const doomed: Record<string, Readonly<Record<string, string>>> = {};
beforeAll(async () => {
  const post = (path: string, body: object) =>
    fetch(`${standalone.url}/api/applications${path}`, {
      ...{ method: 'POST', headers: JSON_TYPE },
      body: JSON.stringify(body),
    }).then((response) => response.json() as Promise<Record<string, string>>);
  token = (await post('', { application_name: 'Parameters' })).application_token ?? '';
  await post(`/${token}/chats`, {});
  await post(`/${token}/chats/1/messages/batch`, {
    messages: Array.from({ length: MANY }, () => ({ message_content: 'red parcel' })),
  });
  const other = async () => (await post('', { application_name: 'Doomed' })).application_token ?? '';
  const [one, two] = [await other(), await other()];
  for (let chat = 0; chat < 2; chat += 1) await post(`/${one}/chats`, {});
  await post(`/${one}/chats/2/messages`, { message_content: 'x' });
  doomed['/api/applications/{token}'] = { token: two };
  doomed['/api/applications/{token}/chats/{number}'] = { token: one, number: '1' };
  doomed['/api/applications/{token}/chats/{number}/messages/{message}'] = { token: one, number: '2', message: '1' };
  const { id = '' } = await post(`/${token}/keys`, { name: 'Doomed' });
  doomed['/api/applications/{token}/keys/{key_id}'] = { token, key_id: id };
  for (let user = 0; user < MANY; user += 1) {
    await fetch(`${standalone.url}/api/applications/${token}/chats/1/reads/user-${user}`, {
      ...{ method: 'PUT', headers: JSON_TYPE },
      body: '{"message_number":1}',
    });
  }
  for (let chat = 1; chat < MANY; chat += 1) await post(`/${token}/chats`, {});
  for (let application = 1; application < MANY; application += 1) await post('', { application_name: 'Another' });
});

interface Asked {
  readonly in?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly withoutBody?: true;
}

type Operation = (typeof operations)[number];

/** Calls an operation on existing objects, with its required and the given parameters. */
async function ask({ path, method, operation }: Operation, asked: Asked = {}) {
  const existing = { token, number: '1', message: '1', user_id: 'anna' };
  const values: Readonly<Record<string, string>> = {
    ...existing,
    ...(method === 'DELETE' && doomed[path]),
    ...asked.in,
  };
  const needed = operation.parameters.filter((each) => each.in === 'query' && each.required);
  const query = new URLSearchParams({ ...Object.fromEntries(needed.map(({ name }) => [name, 'red'])), ...asked.query });
  const body = asked.withoutBody ? undefined : operation.requestBody?.content['application/json']?.example;
  const url = `${standalone.url}${path.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => values[name] ?? '')}?${query}`;
  const init = { method, headers: { ...JSON_TYPE, ...asked.headers } };
  const sent = body === undefined ? init : { ...init, body: JSON.stringify(body) };
  let response = await fetch(url, sent);
  // On a busy machine a search may be refused with 503 after a second. Then the call is repeated.
  for (const until = performance.now() + PATIENCE_MS; response.status === 503 && performance.now() < until; ) {
    await Bun.sleep(500);
    response = await fetch(url, sent);
  }
  const answer = (response.status === 204 ? {} : await response.json()) as {
    errors?: readonly { path: string; message: string }[];
  };
  const { errors } = answer;
  const named = (errors ?? []).map((each) => each.path);
  return { status: response.status, named, errors, answer, link: response.headers.get('link') };
}

function wrongValue({ schema }: OpenApiParameter): string {
  if (schema.maxLength !== undefined) return 'x'.repeat(schema.maxLength + 1);
  return schema.type === 'integer' ? String((schema.maximum ?? Number.NaN) + 1) : '!';
}

function rightValue({ schema }: OpenApiParameter): string {
  if (schema.type === 'integer') return '1';
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.type === 'boolean') return 'true';
  if (schema.format === 'date-time') return '2026-03-01T09:30:00Z';
  return schema.minLength === undefined ? UNKNOWN_TOKEN : 'x'.repeat(schema.minLength);
}

const everyQueryName = [
  ...new Set(operations.flatMap(({ operation }) => operation.parameters).filter((each) => each.in === 'query')),
].map(({ name }) => name);

test.each(operations.map((each) => [each.operation.operationId, each] as const))('%s', async (_id, each) => {
  const { parameters } = each.operation;
  expect((await ask(each)).status).toBeLessThan(300);
  const ofQuery = parameters.filter((parameter) => parameter.in === 'query');

  for (const parameter of ofQuery) {
    const { name } = parameter;
    expect(await ask(each, { query: { [name]: wrongValue(parameter) } }), name).toMatchObject({
      ...{ status: 422, named: [name] },
    });
    if (name !== 'cursor') {
      const { status } = await ask(each, { query: { [name]: rightValue(parameter) } });
      // 422 for a search whose query text in the URL differs from the one in its body
      expect([200, ...(name === 'search_query' ? [422] : [])], name).toContain(status);
    }
  }

  const known = ofQuery.map(({ name }) => name);
  for (const name of [...everyQueryName, 'page'].filter((other) => !known.includes(other))) {
    const { status, errors } = await ask(each, { query: { [name]: '1' } });
    expect(status, name).toBe(422);
    expect(errors, name).toEqual([{ path: name, message: 'is not a known parameter' }]);
  }

  for (const { name } of parameters.filter((parameter) => parameter.in === 'path')) {
    // A user is not something that exists or not: a wrong id is a wrong value.
    for (const wrong of name === 'user_id' ? ['!', '~'] : ['0', 'x']) {
      const { status } = await ask(each, { in: { [name]: wrong } });
      expect(status, `${name} ${wrong}`).toBe(name === 'user_id' ? 422 : 404);
    }
  }

  const header = parameters.find(({ name }) => name === 'Idempotency-Key');
  const { status, named } = await ask(each, { headers: { 'Idempotency-Key': 'x'.repeat(256) } });
  if (header === undefined) expect(status).toBeLessThan(300);
  else {
    expect({ status, named }).toEqual({ status: 422, named: ['Idempotency-Key'] });
    const [shortest, longest] = [header.schema.minLength ?? 0, header.schema.maxLength ?? 0];
    for (const length of [shortest, longest]) {
      const key = String.fromCharCode(0x61 + operations.indexOf(each)).padEnd(length, 'x');
      expect((await ask(each, { headers: { 'Idempotency-Key': key } })).status, String(length)).not.toBe(422);
    }
  }
});

/** What tells the items of a list apart. Hits have more fields if a search has more parameters. */
function keysOf({ answer }: { readonly answer: unknown }): unknown[] {
  return (answer as { number?: number; chat_number?: number; token?: string }[]).map((item) => [
    item.token ?? item.chat_number,
    item.number,
  ]);
}

/** The list of dead letters has only its beginning. */
const paged = operations.filter(({ operation }) =>
  operation.parameters.some(({ name }) => name === 'after' || name === 'cursor'),
);

test.each(paged.map((each) => [each.operation.operationId, each] as const))(
  '%s pages as described: defaults, bounds, Link',
  async (_id, each) => {
    const of = (name: string) => each.operation.parameters.find((parameter) => parameter.name === name)?.schema ?? {};
    const [limit, order, after, cursor] = [of('limit'), of('order'), of('after'), of('cursor')];
    const byDefault = await ask(each);
    expect(byDefault.answer).toHaveLength(limit.default);
    for (const [value, status] of [
      [limit.minimum, 200],
      [limit.minimum - 1, 422],
      [limit.maximum, 200],
    ] as const) {
      expect((await ask(each, { query: { limit: String(value) } })).status, `limit=${value}`).toBe(status);
    }
    if (order.default !== undefined)
      expect(keysOf(await ask(each, { query: { order: order.default } }))).toEqual(keysOf(byDefault));
    if (after.minimum !== undefined)
      expect((await ask(each, { query: { after: String(after.minimum) } })).answer).toEqual(byDefault.answer);
    const [, next = ''] = /<([^>]+)>; rel="next"/.exec(byDefault.link ?? '') ?? [];
    const given = new URL(next, standalone.url).searchParams.get('cursor');
    // A list of chats has a cursor only in one of its orders.
    if (cursor.pattern !== undefined && after.type === undefined) expect(given).toMatch(new RegExp(cursor.pattern));
  },
);

test('exactly the operations with pages describe a Link header', () => {
  const withLink = operations.filter(({ operation }) => 'Link' in (operation.responses[200]?.headers ?? {}));
  expect(withLink).toEqual(paged);
});

test('exactly the operations with a required body refuse a missing one', async () => {
  const withBody = operations.filter(({ operation }) => operation.requestBody !== undefined);
  expect(withBody.length).toBeGreaterThan(5);
  for (const each of withBody) {
    const query = each.path.endsWith('/search') ? { query: { search_query: 'red' } } : {};
    const { status } = await ask(each, { ...query, withoutBody: true });
    expect(status === 400, each.operation.operationId).toBe(each.operation.requestBody?.required === true);
  }
});

test('mistakes are reported in a fixed order: the body, the query’s names, the address, the key', async () => {
  const create = operations.find(({ operation }) => operation.operationId === 'createMessage') as Operation;
  const wrongKey = { headers: { 'Idempotency-Key': 'x'.repeat(256) } };
  expect(await ask(create, { ...wrongKey, in: { token: 'x' }, query: { page: '1' } })).toMatchObject({
    named: ['page'],
  });
  expect(await ask(create, { ...wrongKey, in: { token: 'x' } })).toMatchObject({ status: 404 });
  expect(await ask(create, wrongKey)).toMatchObject({ named: ['Idempotency-Key'] });
});
