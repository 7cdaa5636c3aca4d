import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

interface Media {
  readonly schema: AnySchemaObject;
  readonly example: unknown;
}
interface Operation {
  readonly operationId: string;
  readonly tags: string[];
  readonly parameters: { in: string; name: string; required: boolean; schema: AnySchemaObject }[];
  readonly requestBody?: { content: Record<string, Media> };
  readonly responses: Record<string, { headers: object; content: Record<string, Media> }>;
}

let dataDir: string;
let standalone: StandaloneProcess;
let document: {
  readonly openapi: string;
  readonly tags: { name: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
};
beforeAll(async () => {
  dataDir = await temporaryFolder();
  standalone = await startStandalone(dataDir);
  document = await (await fetch(`${standalone.url}/swagger/json`)).json();
});
afterAll(async () => {
  await standalone.terminate();
  await rm(dataDir, { recursive: true, force: true });
});

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

test('the document is valid OpenAPI 3.1', async () => {
  expect(document.openapi).toStartWith('3.1.');
  const result = await new Validator().validate(structuredClone(document));
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
});

test('the document has the operations of both programs, and no other paths', () => {
  const names = operations().map(({ path, method }) => `${method.toUpperCase()} ${path}`);
  expect(names).toHaveLength(19);
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

test('nothing of the tools that made the document is left in it, and nothing points outside of it', () => {
  const odd: string[] = [];
  const walk = (value: unknown, at: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, below] of Object.entries(value)) {
      if (/^(~|\$id$|\$ref$|nullable$)/.test(key)) odd.push(`${at}/${key}`);
      walk(below, `${at}/${key}`);
    }
  };
  walk(document, '');
  expect(odd).toEqual([]);
});

test('every schema is strict JSON Schema 2020-12, and every example is valid under its own', () => {
  const ajv = new Ajv2020({ strict: true, validateSchema: true, formats: { 'date-time': isUtcTime } });
  for (const { path, method, operation } of operations()) {
    for (const { name, schema } of operation.parameters) expect(() => ajv.compile(schema), name).not.toThrow();
    const contents = Object.values(operation.responses).map(({ content }) => content);
    if (operation.requestBody !== undefined) contents.push(operation.requestBody.content);
    for (const { schema, example } of contents.flatMap((content) => Object.values(content))) {
      expect(ajv.validate(schema, example), `${method} ${path} ${ajv.errorsText()}`).toBe(true);
    }
  }
});

test('every error is problem+json with its own status, and a 503 tells when to repeat', () => {
  for (const { operation } of operations()) {
    for (const [status, { content, headers }] of Object.entries(operation.responses)) {
      const isError = !status.startsWith('2');
      expect(Object.keys(content)).toEqual([isError ? 'application/problem+json' : 'application/json']);
      if (isError) expect(content['application/problem+json']?.example).toMatchObject({ status: Number(status) });
      expect('Retry-After' in headers).toBe(status === '503');
    }
  }
});

test('every operation has one of the tags that the document lists', () => {
  const listed = document.tags.map(({ name }) => name);
  expect(new Set(operations().flatMap(({ operation }) => operation.tags))).toEqual(new Set(listed));
});

test('each path takes the methods that are described for it, and no others', async () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    const response = await fetch(`${standalone.url}${filled(path)}`, { method: 'DELETE' });
    const described = Object.keys(methods).map((method) => method.toUpperCase());
    expect(response.status).toBe(405);
    const allowed = (response.headers.get('allow') ?? '').split(', ').filter((method) => method !== 'HEAD');
    expect(allowed.sort(), path).toEqual(described.sort());
  }
});

test('every described operation is served', async () => {
  for (const { path, method, operation } of operations()) {
    const body = operation.requestBody?.content['application/json']?.example;
    const response = await fetch(`${standalone.url}${filled(path)}`, {
      method: method.toUpperCase(),
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { detail?: string };
    expect(Object.keys(operation.responses), `${method} ${path}`).toContain(String(response.status));
    expect(answer.detail).not.toBe('There is nothing at this path.');
  }
});

test('the page’s parts are served to GET and HEAD; another name beside them is a 404 like any other', async () => {
  for (const [path, type] of [
    ['/swagger', 'text/html; charset=utf-8'],
    ['/swagger/json', 'application/json'],
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
  }
  for (const name of ['nothing.js', 'constructor', '__proto__', 'package.json']) {
    const response = await fetch(`${standalone.url}/swagger/assets/${name}`);
    expect([response.status, response.headers.get('content-type')], name).toEqual([404, 'application/problem+json']);
  }
});

/** A path of what does not exist, but could. */
function filled(path: string): string {
  return path
    .replace('{token}', '6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a')
    .replace('{number}', '1')
    .replace('{message}', '1');
}

function isUtcTime(text: string): boolean {
  return text.endsWith('Z') && !Number.isNaN(Date.parse(text));
}
