/** Runs the calls of the README, and compares the answers with those printed below them. */

import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@parley/testing';

/** A shell block of the README, and the answer printed below it. */
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

/** Replaces tokens and times in an answer, because they differ from run to run. */
function comparable(answer: unknown): unknown {
  const text = JSON.stringify(answer)
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'TOKEN')
    .replaceAll(/\d{4}-\d\d-\d\dT[0-9:.]+Z/g, 'TIME');
  return JSON.parse(text);
}

async function run(command: string, token: string): Promise<unknown> {
  const shell = Bun.spawn(['bash', '-c', command], {
    env: { ...process.env, TOKEN: token },
    stdout: 'pipe',
    stderr: 'ignore',
  });
  return JSON.parse(await new Response(shell.stdout).text());
}

/** Runs all calls of the README in order. Fails if an answer differs. @returns the created application's token */
export async function expectReadmeCalls(url: string): Promise<string> {
  const found = examples(readFileSync(join(import.meta.dir, '../../README.md'), 'utf8'));
  expect(found.length).toBeGreaterThanOrEqual(8);
  let token = '';
  for (const { commands, answer } of found) {
    for (const command of commands) {
      const call = command.replaceAll('http://localhost:8080', url);
      let got = await run(call, token);
      // Lists and search show a create some time later, so they are asked until they do. A create is sent once.
      if (!command.includes('-X POST')) {
        await until(command, async () => {
          got = await run(call, token);
          return JSON.stringify(comparable(got)) === JSON.stringify(comparable(answer));
        });
      }
      expect(comparable(got), command).toEqual(comparable(answer));
      token ||= (got as { application_token: string }).application_token;
    }
  }
  return token;
}
