import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Served, serve } from './support/served.ts';
import { compile, runTool, STRICT } from './support/tools.ts';
import { expectTour, runTour } from './support/tour.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
  await cp(join(import.meta.dir, 'programs/openapi-fetch'), served.folder, { recursive: true });
}, 60_000);
afterAll(() => served.stop());

const types = () => join(served.folder, 'parley.ts');

test('openapi-typescript makes types of the document, with a name for each thing', async () => {
  const { code, printed } = await runTool('openapi-typescript', served.file, '-o', types());
  expect({ code, warned: /warn|⚠/i.test(printed) }, printed).toEqual({ code: 0, warned: false });
  const text = await readFile(types(), 'utf8');
  expect(text).not.toMatch(/\bany\b(?=[\];,|&])/);
  // Undescribed headers of a response and metadata have type `unknown`, which is right. They are left out here.
  expect(text.replaceAll(/\[(name|key): string\]: unknown;/g, '')).not.toMatch(/: (unknown|Record<)/);
});

test('a correct program for openapi-fetch compiles, and one with mistakes does not', async () => {
  expect(await compile(served.folder, STRICT)).toBe('');
});

test('the program runs: creates, repeats, pages, searches and errors', async () => {
  expectTour(await runTour(join(served.folder, 'program.ts'), served.url));
});
