import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startStandalone, temporaryFolder } from '../support/system.ts';

const REPOSITORY = join(import.meta.dir, '../..');

test("the README's example of keys gives a user token with which a message is sent", async () => {
  const readme = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
  const [, block = ''] = /```sh\n(export ADMIN_KEY=[^`]*)```/.exec(readme) ?? [];
  const lines = block.trim().split('\n');
  const [exported = '', start = '', ...calls] = lines;
  expect(start).toStartWith('bin/start');
  const dataDir = await temporaryFolder();
  const key = await run(`${exported}\necho $ADMIN_KEY`);
  const standalone = await startStandalone(dataDir, { ADMIN_KEY: key });
  try {
    const script = calls.join('\n').replaceAll('http://localhost:8080', standalone.url);
    const answers = await run(script, { ADMIN_KEY: key, DATA_DIR: dataDir });
    const message = JSON.parse(answers.slice(answers.lastIndexOf('{"type"')));
    expect(message).toMatchObject({ type: 'message', message_content: 'It is me', sender_id: 'ann' });
    expect((await fetch(`${standalone.url}/api/applications`)).status).toBe(401);
  } finally {
    await standalone.terminate();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 60_000);

async function run(script: string, env: Record<string, string> = {}): Promise<string> {
  const { MYSQL_URL: _, ...inherited } = process.env; // with it, bin/parley would work on the distributed system
  const shell = Bun.spawn(['bash', '-c', script], {
    cwd: REPOSITORY,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return (await new Response(shell.stdout).text()).trim();
}
