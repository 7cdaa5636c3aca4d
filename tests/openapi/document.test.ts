import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { dereferenced, type Media, type OpenApi, operationsOf } from '../support/openapi.ts';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

let dataDir: string;
let standalone: StandaloneProcess;
let served: Record<string, unknown>;
let document: OpenApi;
beforeAll(async () => {
  dataDir = await temporaryFolder();
  standalone = await startStandalone(dataDir);
  served = await (await fetch(`${standalone.url}/swagger/json`)).json();
  document = dereferenced(served);
});
afterAll(async () => {
  await standalone.terminate();
  await rm(dataDir, { recursive: true, force: true });
});

const operations = () => operationsOf(document);

test('the document is valid OpenAPI 3.1', async () => {
  expect(document.openapi).toStartWith('3.1.');
  const result = await new Validator().validate(structuredClone(served));
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
});

test('the document has the operations of both programs, and no other paths', () => {
  const names = operations().map(({ path, method }) => `${method} ${path}`);
  expect(names).toHaveLength(36);
  expect(names).toContain('POST /api/applications/{token}/chats/{number}/messages/batch');
  expect(names).toContain('GET /api/applications/{token}/chats/{number}/search');
  expect(names.filter((name) => !name.includes(' /api/'))).toEqual([]);
  expect(new Set(operations().map(({ operation }) => operation.operationId)).size).toBe(names.length);
});

test('every operation describes the parameters of its path', () => {
  for (const { path, operation } of operations()) {
    const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? '');
    const described = operation.parameters.filter((parameter) => parameter.in === 'path');
    expect(described.map(({ name }) => name).sort()).toEqual(inPath.sort());
    expect(described.every(({ required }) => required)).toBe(true);
  }
});

test('the document has no traces of the tools that made it', () => {
  const odd: string[] = [];
  const walk = (value: unknown, at: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, below] of Object.entries(value)) {
      if (/^(~|\$id$|nullable$)/.test(key)) odd.push(`${at}/${key}`);
      walk(below, `${at}/${key}`);
    }
  };
  walk(served, '');
  expect(odd).toEqual([]);
});

test('every component is used, and no schema is repeated inline', () => {
  const text = JSON.stringify(served);
  const components = (served as unknown as { components: Record<string, Record<string, object>> }).components;
  for (const [kind, parts] of Object.entries(components)) {
    for (const [name, part] of Object.entries(parts)) {
      if (kind === 'securitySchemes') expect(text, name).toContain(`{"${name}":[]}`);
      else expect(text, `${kind}/${name}`).toContain(`"#/components/${kind}/${name}"`);
      if (kind === 'schemas') expect(text.split(JSON.stringify(part)), name).toHaveLength(2);
    }
  }
});

test('no two components of any kind share a name, nor does one have the name of another’s Go constructor', () => {
  const { components } = served as unknown as { components: Record<string, object> };
  const names = Object.values(components).flatMap((parts) => Object.keys(parts));
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect(names.filter((name) => names.includes(`New${name}`))).toEqual([]);
});

test('names of operations and schemas are words that a client can use', () => {
  for (const { operation } of operations()) {
    expect(operation.operationId).toMatch(
      /^(create|list|get|update|replace|delete|mark|search|revoke|replay)[A-Z][A-Za-z]+$/,
    );
  }
});

test('every schema is strict JSON Schema 2020-12, and every example is valid under its own schema', () => {
  const ajv = new Ajv2020({
    strict: true,
    validateSchema: true,
    formats: { 'date-time': isUtcTime, int64: true, uuid: true },
  });
  for (const { path, method, operation } of operations()) {
    for (const { name, schema } of operation.parameters) expect(() => ajv.compile(schema), name).not.toThrow();
    const contents = Object.values(operation.responses).map(({ content = {} }) => content);
    if (operation.requestBody !== undefined) contents.push(operation.requestBody.content);
    for (const { schema, example } of contents.flatMap((content: Readonly<Record<string, Media>>) =>
      Object.values(content),
    )) {
      expect(ajv.validate(schema, example), `${method} ${path} ${ajv.errorsText()}`).toBe(true);
    }
  }
});

test('only tokens, ids and cursors have patterns, which mean the same in every engine and exclude no emoji from texts', () => {
  const patterns = new Set(
    [...JSON.stringify(served).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, pattern = '']) =>
      JSON.parse(pattern),
    ),
  );
  expect(patterns.size).toBe(3);
  for (const pattern of patterns) expect(pattern).toMatch(/^\^[A-Za-z0-9_[\]{},.:@+=-]+\$$/);
});

/** Fields that are absent from an answer if they were not given, or not asked for. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  Application: ['metadata'],
  Chat: ['metadata', 'unread_count', 'last_message'],
  CreatedApplication: ['metadata'],
  CreatedChat: ['metadata'],
  CreatedMessage: ['sender_id', 'metadata'],
  CreatedKey: ['expires_at'],
  DeadLetter: ['detail'],
  Key: ['expires_at', 'last_used_at'],
  Limits: ['retention_days', 'messages_per_second', 'requests_per_second', 'creates_in_flight', 'live_connections'],
  Message: ['sender_id', 'metadata'],
  Problem: ['errors'],
  SearchHit: ['chat_number', 'sender_id', 'created_at', 'highlights'],
};

test('every field of an answer is required, except those that may not be given; times and large numbers have a format', () => {
  const { components } = served as unknown as { components: { schemas: Record<string, AnySchemaObject> } };
  const answers = Object.entries(components.schemas).filter(([name]) => !name.endsWith('Input'));
  expect(answers.length).toBeGreaterThan(7);
  for (const [name, { properties = {}, required = [] }] of answers) {
    const optional = Object.keys(properties).filter((key) => !required.includes(key));
    expect(optional, name).toEqual([...(OPTIONAL[name] ?? [])]);
    for (const [key, { type, format }] of Object.entries<AnySchemaObject>(properties)) {
      const ofText = /(^|_)at$/.test(key) ? 'date-time' : undefined;
      const expected = type === 'integer' && key !== 'status' ? 'int64' : ofText;
      if (format === 'uuid') continue;
      expect(format, `${name}.${key}`).toBe(expected);
    }
  }
});

test('the document names the server that it was read from', async () => {
  for (const path of ['/swagger/json', '/openapi.json']) {
    const response = await fetch(`${standalone.url}${path}`, { headers: { host: '127.0.0.1:4321' } });
    const text = await response.text();
    expect(JSON.parse(text).servers).toMatchObject([{ url: 'http://127.0.0.1:4321' }]);
    expect(text).toContain('PARLEY=http://127.0.0.1:4321');
    expect(text).not.toContain('localhost:8080');
  }
});

test('an integer that can be above 32 bits has the format int64', () => {
  let found = 0;
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { type, maximum, format } = value as { type?: unknown; maximum?: number; format?: string };
    if (type === 'integer' && maximum !== undefined && maximum >= 2 ** 31) {
      expect(format).toBe('int64');
      found += 1;
    }
    for (const below of Object.values(value)) walk(below);
  };
  walk(served);
  expect(found).toBeGreaterThan(5);
});

test('every error is problem+json with its own status, a 429 and a 503 say when to repeat, a 401 how', () => {
  for (const { operation } of operations()) {
    for (const [status, { content, headers }] of Object.entries(operation.responses)) {
      if (status === '204' || status === '304') {
        expect(content).toBeUndefined();
        continue;
      }
      const isError = !status.startsWith('2');
      expect(Object.keys(content ?? {})).toEqual([isError ? 'application/problem+json' : 'application/json']);
      if (status === 'default') continue;
      if (isError) expect(content?.['application/problem+json']?.example).toMatchObject({ status: Number(status) });
      expect('Retry-After' in headers, status).toBe(['429', '503'].includes(status));
      expect('WWW-Authenticate' in headers, status).toBe(status === '401');
    }
  }
});

/** They are answered also beyond the limit of requests. */
const END_FLOODS = ['deleteApplication', 'updateLimits', 'revokeKey'];

test('every operation says what it needs, also in its text, and has the errors of a wrong credential', () => {
  const { components } = served as unknown as { components: { securitySchemes: Record<string, object> } };
  expect(Object.keys(components.securitySchemes)).toEqual(['adminKey', 'secretKey', 'userToken']);
  for (const { path, method, operation } of operations()) {
    const { security, description = '', responses } = operation;
    const schemes = security.flatMap((each) => Object.keys(each));
    // No credential is an alternative: a server may be open.
    expect(security[0], `${method} ${path}`).toEqual({});
    expect(schemes[0]).toBe('adminKey');
    expect(description, `${method} ${path}`).toMatch(/With keys on, it needs an? (admin|secret) key/);
    expect(description.includes('an admin key')).toBe(schemes.length === 1);
    expect(description.includes('or a user token')).toBe(schemes.includes('userToken'));
    for (const status of ['401', '403']) expect(responses, `${method} ${path}`).toHaveProperty(status);
    const isCounted = path.includes('{token}') && !END_FLOODS.includes(operation.operationId);
    expect('429' in responses, `${method} ${path}`).toBe(isCounted);
    const [answer] = Object.entries(responses).filter(([status]) => status.startsWith('2'));
    expect('RateLimit' in (answer?.[1].headers ?? {}), `${method} ${path}`).toBe(path.includes('{token}'));
  }
});

test('every operation has one of the tags that the document lists', () => {
  const listed = document.tags.map(({ name }) => name);
  expect(new Set(operations().flatMap(({ operation }) => operation.tags))).toEqual(new Set(listed));
});

test('each path accepts exactly the methods described for it', async () => {
  const methods = ['GET', 'PUT', 'PATCH', 'POST', 'DELETE', 'OPTIONS'];
  for (const [path, described] of Object.entries(document.paths)) {
    const taken = Object.keys(described).map((method) => method.toUpperCase());
    const others = methods.filter((method) => !taken.includes(method));
    for (const method of [...others, ...(taken.includes('GET') ? [] : ['HEAD'])]) {
      for (const address of [filled(path), `${filled(path)}/`]) {
        // The server checks the method before the body, so this invalid body must not matter.
        const init = method === 'GET' || method === 'HEAD' ? { method } : { method, body: '{' };
        const response = await fetch(`${standalone.url}${address}`, init);
        expect(response.status, `${method} ${address}`).toBe(405);
        const allowed = (response.headers.get('allow') ?? '').split(', ');
        expect(allowed, address).toEqual([...taken, ...(taken.includes('GET') ? ['HEAD'] : [])].sort());
      }
    }
  }
});

test('every described operation is served', async () => {
  for (const { path, method, operation } of operations()) {
    const body = operation.requestBody?.content['application/json']?.example;
    const response = await fetch(`${standalone.url}${filled(path)}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { detail?: string };
    expect(Object.keys(operation.responses), `${method} ${path}`).toContain(String(response.status));
    expect(answer.detail).not.toBe('There is nothing at this path.');
  }
});

test('the page’s parts are served to GET and HEAD; any other name there is a usual 404', async () => {
  for (const [path, type] of [
    ['/swagger', 'text/html; charset=utf-8'],
    ['/swagger/json', 'application/json'],
    ['/openapi.json', 'application/json'],
    ['/swagger/assets/swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
    ['/swagger/assets/swagger-ui.css', 'text/css; charset=utf-8'],
    ['/swagger/assets/start.js', 'text/javascript; charset=utf-8'],
  ] as const) {
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(`${standalone.url}${path}`, { method });
      expect([response.status, response.headers.get('content-type')], path).toEqual([
        200,
        expect.stringContaining(type),
      ]);
      expect((await response.text()).length > 0).toBe(method === 'GET');
    }
    const other = await fetch(`${standalone.url}${path}`, { method: 'POST' });
    expect([other.status, other.headers.get('allow')], path).toEqual([405, 'GET, HEAD']);
  }
  for (const name of ['nothing.js', 'constructor', '__proto__', 'package.json']) {
    const response = await fetch(`${standalone.url}/swagger/assets/${name}`);
    expect([response.status, response.headers.get('content-type')], name).toEqual([404, 'application/problem+json']);
  }
});

/** A path with values of the right form for its parameters. No object has these values. */
function filled(path: string): string {
  return path
    .replace('{token}', '6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a')
    .replace('{number}', '1')
    .replace('{message}', '1')
    .replace('{user_id}', 'anna');
}

function isUtcTime(text: string): boolean {
  return text.endsWith('Z') && !Number.isNaN(Date.parse(text));
}
