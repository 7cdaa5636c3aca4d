import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

interface Media {
  readonly schema: object;
  readonly example: unknown;
}
interface Operation {
  readonly operationId: string;
  readonly parameters: { in: string; name: string; required: boolean }[];
  readonly requestBody?: { content: Record<string, Media> };
  readonly responses: Record<string, { description: string; content: Record<string, Media> }>;
}

let dataDir: string;
let standalone: StandaloneProcess;
let document: { openapi: string; paths: Record<string, Record<string, Operation>> };
beforeAll(async () => {
  dataDir = await temporaryFolder();
  standalone = await startStandalone(dataDir);
  document = await (await fetch(`${standalone.url}/swagger/json`)).json();
});
afterAll(async () => {
  await standalone.kill();
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

test('every example is valid under its schema, and every error is problem+json', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const { path, method, operation } of operations()) {
    const replies = Object.entries(operation.responses);
    const media = [...replies.flatMap(([, { content }]) => Object.values(content))];
    if (operation.requestBody !== undefined) media.push(...Object.values(operation.requestBody.content));
    for (const { schema, example } of media) {
      expect(ajv.validate(schema, example), `${method} ${path} ${ajv.errorsText()}`).toBe(true);
    }
    for (const [status, { content }] of replies) {
      const expected = status.startsWith('2') ? 'application/json' : 'application/problem+json';
      expect(Object.keys(content)).toEqual([expected]);
    }
  }
});
