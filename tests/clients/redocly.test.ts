import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { type Served, serve } from './support/served.ts';
import { runTool } from './support/tools.ts';

const CONFIG = join(import.meta.dir, 'redocly.yaml');

let served: Served;
beforeAll(async () => {
  served = await serve();
}, 60_000);
afterAll(() => served.stop());

test('Redocly reports nothing about the document', async () => {
  const { code, printed } = await runTool('redocly', 'lint', served.file, '--config', CONFIG, '--format', 'json');
  expect(code, printed).toBe(0);
  const { totals } = JSON.parse(printed.slice(printed.indexOf('{'), printed.lastIndexOf('}') + 1));
  expect(totals, printed).toEqual({ errors: 0, warnings: 0, ignored: 0 });
});
