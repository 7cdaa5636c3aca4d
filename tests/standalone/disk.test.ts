/** The standalone's disk runs full, or damages the last writes. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tellLeftOut, until } from '@parley/testing';
import { Client } from '../support/client.ts';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

let dataDir: string;
let standalone: StandaloneProcess;
let client: Client;

async function start(): Promise<void> {
  standalone = await startStandalone(dataDir);
  client = await Client.connect(standalone.url);
}

/** Reads all messages of a chat: their contents by number. */
async function stored(chat: string): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  let path: string | undefined = `${chat}/messages?limit=200`;
  while (path !== undefined) {
    const { status, body, headers } = await client.get(path);
    expect(status).toBe(200);
    for (const { number, content } of body) found.set(number, content);
    path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
  }
  return found;
}

async function run(...command: string[]): Promise<boolean> {
  try {
    return (await Bun.spawn(command, { stdout: 'ignore', stderr: 'ignore' }).exited) === 0;
  } catch {
    return false; // this machine lacks the program
  }
}

beforeEach(async () => {
  dataDir = await temporaryFolder();
});
afterEach(async () => {
  await standalone?.kill();
  await run('umount', '-l', dataDir);
  await rm(dataDir, { recursive: true, force: true });
});

const mountable = await (async () => {
  const folder = await temporaryFolder();
  const mounted = await run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder);
  if (mounted) await run('umount', folder);
  await rm(folder, { recursive: true });
  return mounted;
})();

if (!mountable) tellLeftOut('a full disk', 'mounting is not allowed here');

describe.skipIf(!mountable)('on a disk of 8 MiB', () => {
  test('on a full disk creates are refused and reads succeed; with room again creates succeed; nothing acknowledged is lost', async () => {
    await run('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', dataDir);
    await start();
    const chat = await client.chat();
    const acknowledged = new Map<number, string>();
    const create = async (content: string) => {
      const answer = await client.post(`${chat}/messages`, { message_content: content });
      if (answer.status === 201) acknowledged.set(answer.body.message_number, content);
      return answer;
    };
    const text = (index: number) => `m${index} ${'lorem ipsum dolor '.repeat(500)}`;

    let answer = await create(text(0));
    for (let sent = 1; answer.status === 201 && sent < 5_000; sent += 1) answer = await create(text(sent));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect(await stored(chat)).toEqual(acknowledged);

    expect(await run('mount', '-o', 'remount,size=64m', dataDir)).toBe(true);
    await until('creates are taken again', async () => (await create(text(0))).status === 201);
    await create('the last');
    expect(await stored(chat)).toEqual(acknowledged);

    await standalone.kill();
    await start();
    expect(await stored(chat)).toEqual(acknowledged);
    expect((await client.get(chat)).body.messages_count).toBe(acknowledged.size);
  }, 120_000);
});

/**
 * After a kill the last commits are only in SQLite's write-ahead log. If the disk loses or garbles the log's end, the
 * acknowledged messages there are lost: no file survives that. But everything before the damage must be kept, no false
 * content may be read, and numbers must continue.
 */
describe('a write-ahead log with a damaged end', () => {
  const EACH = 25;
  const contents = (from: number) => Array.from({ length: EACH }, (_, index) => `message w${from + index}w`);
  const damages: Record<string, (file: string, from: number, size: number) => Promise<void>> = {
    'cut off in the middle of a page': async (file, from) => {
      const log = await open(file, 'r+');
      await log.truncate(from + 1_000);
      await log.close();
    },
    garbled: async (file, from, size) => {
      const log = await open(file, 'r+');
      await log.write(crypto.getRandomValues(new Uint8Array(Math.min(size - from, 65_536))), 0, undefined, from);
      await log.close();
    },
    'with a single bit turned over': async (file, from) => {
      const log = await open(file, 'r+');
      const at = from + 100;
      const { buffer } = await log.read(Buffer.alloc(1), 0, 1, at);
      await log.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at);
      await log.close();
    },
  };

  test.each(Object.entries(damages))(
    '%s: everything before the damage is kept, no false content is read, numbers continue',
    async (_, damage) => {
      await start();
      const chat = await client.chat();
      for (const content of contents(1)) await client.messages(chat, [content]);
      const file = join(dataDir, 'parley.db-wal');
      const { size: from } = await stat(file);
      for (const content of contents(EACH + 1)) await client.messages(chat, [content]);
      await standalone.kill();
      const { size } = await stat(file);
      expect(size).toBeGreaterThan(from + 4_096);
      await damage(file, from, size);

      await start();
      const kept = await stored(chat);
      expect(kept.size).toBeGreaterThanOrEqual(EACH);
      expect([...kept]).toEqual(
        [...contents(1), ...contents(EACH + 1)].slice(0, kept.size).map((content, index) => [index + 1, content]),
      );
      expect((await client.get(chat)).body.messages_count).toBe(kept.size);
      for (const number of [1, kept.size, kept.size + 1]) {
        const { body } = await client.get(`${chat}/search?search_query=w${number}w`);
        expect(body).toHaveLength(number <= kept.size ? 1 : 0);
      }
      const { status, body } = await client.post(`${chat}/messages`, { message_content: 'after the damage' });
      expect(status).toBe(201);
      expect(body.message_number).toBe(kept.size + 1);
    },
    60_000,
  );
});
