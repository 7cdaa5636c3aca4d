import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startStandalone, temporaryFolder } from '../support/system.ts';

/** A shell block of the README and the answer that is printed below it. */
interface Example {
  readonly commands: string[];
  readonly answer: unknown;
}

function examples(readme: string): Example[] {
  return [...readme.matchAll(/```sh\n([^`]*curl[^`]*)```\n```json\n([^`]*)```/g)].map(([, commands, answer]) => ({
    commands: (commands ?? '').split('\n').filter((line) => line.startsWith('curl')),
    answer: JSON.parse(answer ?? ''),
  }));
}

/** What differs from run to run, made the same: tokens and times. */
function comparable(answer: unknown): unknown {
  const text = JSON.stringify(answer)
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'TOKEN')
    .replaceAll(/\d{4}-\d\d-\d\dT[0-9:.]+Z/g, 'TIME');
  return JSON.parse(text);
}

test('the calls of the README answer as printed', async () => {
  const found = examples(readFileSync(join(import.meta.dir, '../../README.md'), 'utf8'));
  expect(found.length).toBeGreaterThanOrEqual(8);
  const dataDir = await temporaryFolder();
  const standalone = await startStandalone(dataDir);
  let token = '';
  for (const { commands, answer } of found) {
    for (const command of commands) {
      const shell = Bun.spawn(['bash', '-c', command.replaceAll('http://localhost:8080', standalone.url)], {
        env: { ...process.env, TOKEN: token },
        stdout: 'pipe',
        stderr: 'ignore',
      });
      const got = JSON.parse(await new Response(shell.stdout).text());
      expect(comparable(got), command).toEqual(comparable(answer));
      token ||= got.application_token;
    }
  }
  await standalone.terminate();
  await rm(dataDir, { recursive: true, force: true });
});
