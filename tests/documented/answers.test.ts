import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Client } from '../support/client.ts';
import { startStandalone, temporaryFolder } from '../support/system.ts';

/** Must run after the other HTTP suites, which append the answers that they saw to $DOCUMENTED_SEEN. */
test('every documented answer was seen in a test', async () => {
  const file = process.env.DOCUMENTED_SEEN;
  if (file === undefined)
    throw new Error('DOCUMENTED_SEEN must name the file that the other suites wrote; see bin/test');
  const seen = new Set(readFileSync(file, 'utf8').split('\n'));
  const dataDir = await temporaryFolder();
  const standalone = await startStandalone(dataDir);
  const { documented } = await Client.connect(standalone.url);
  await standalone.terminate();
  await rm(dataDir, { recursive: true, force: true });
  expect(documented.all().length).toBeGreaterThan(80);
  expect(documented.all().filter((answer) => !seen.has(answer))).toEqual([]);
});
