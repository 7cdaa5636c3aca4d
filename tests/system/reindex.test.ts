import { beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { until } from '@parley/testing';
import type { Client } from '../support/client.ts';
import { connect } from '../support/test-stack.ts';

let client: Client;
beforeAll(async () => {
  client = await connect();
});

const MAIN = join(import.meta.dir, '../../apps/cli/src/main.ts');

test('during a reindex under creates and updates every search finds the earlier messages, and later the new ones', async () => {
  const chat = await client.chat();
  await client.messages(
    chat,
    Array.from({ length: 1_000 }, (_, index) => `before w${index}w`),
  );
  const hits = async (query: string) =>
    (await client.get(`${chat}/search?search_query=${query}`)).body.length as number;
  await until('all is found', async () => (await hits('w999w')) === 1 && (await hits('w0w')) === 1);

  const reindex = Bun.spawn([process.execPath, MAIN, 'reindex'], {
    env: process.env,
    stdout: 'pipe',
    stderr: 'inherit',
  });
  let running = true;
  const ended = reindex.exited.then((status) => {
    running = false;
    return status;
  });
  let searches = 0;
  let created = 0;
  const searching = async () => {
    while (running) {
      expect(await hits(`w${1 + (searches % 999)}w`)).toBe(1); // message 1 is left out: it is changed all the time
      searches += 1;
    }
  };
  const creating = async () => {
    while (running) {
      await client.post(chat, { message_content: `during d${created}d` });
      if (created % 5 === 0) await client.patch(`${chat}/messages/1`, { message_content: `rewritten r${created}r` });
      created += 1;
      await Bun.sleep(5);
    }
  };
  const [status] = await Promise.all([ended, searching(), creating()]);
  expect(status).toBe(0);
  expect(searches).toBeGreaterThan(0);
  expect(await new Response(reindex.stdout).text()).toContain('Searches read parley-messages-');
  expect(created).toBeGreaterThan(0);

  await until('what was created meanwhile is found', async () => (await hits(`d${created - 1}d`)) === 1);
  const last = Math.floor((created - 1) / 5) * 5;
  await until('the last rewriting is found', async () => (await hits(`r${last}r`)) === 1);
  expect(await hits('w0w')).toBe(0);
  expect(await hits('w999w')).toBe(1);
}, 120_000);

test('with another number of partitions nothing is rebuilt', async () => {
  const reindex = Bun.spawn([process.execPath, MAIN, 'reindex'], {
    env: { ...process.env, PARTITIONS: '16' },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [status, out, error] = await Promise.all([
    reindex.exited,
    new Response(reindex.stdout).text(),
    new Response(reindex.stderr).text(),
  ]);
  expect(status).not.toBe(0);
  expect(error).toContain('PARTITIONS is 16, but the database was made with 8');
  expect(out).not.toContain('Searches read');
}, 60_000);
