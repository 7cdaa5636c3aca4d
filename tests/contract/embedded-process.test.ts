import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SEARCH_RANK, type Store, type Token } from '@parley/domain';
import { DataDirInUse } from '@parley/embedded';
import { messagesIn, type ShownMessage } from '@parley/testing';
import { temporaryFolder } from '../support/system.ts';
import { storedChat } from './events.ts';
import { openEmbedded } from './open-embedded.ts';

const WRITER = join(import.meta.dir, 'embedded-writer.ts');
const ROUNDS = 6;

let dataDir: string;

beforeEach(async () => {
  dataDir = await temporaryFolder();
});

afterEach(async () => {
  await rm(dataDir, { recursive: true });
});

/**
 * Runs embedded-writer.ts and kills it (SIGKILL) after `lines` lines. Returns the number and content of each message
 * that it reported as acknowledged.
 */
async function writeAndKill(token: Token, lines: number): Promise<[number, string][]> {
  const child = Bun.spawn([process.execPath, WRITER, dataDir, token], { stdout: 'pipe', stderr: 'inherit' });
  const decoder = new TextDecoder();
  let text = '';
  let seen = 0;
  for await (const chunk of child.stdout) {
    const read = decoder.decode(chunk, { stream: true });
    text += read;
    seen += read.split('\n').length - 1;
    if (seen >= lines) child.kill('SIGKILL');
  }
  await child.exited;
  expect(child.signalCode).toBe('SIGKILL');
  // If the kill cut off the writer's last line, its message counts as not reported.
  return text
    .slice(0, text.lastIndexOf('\n'))
    .split('\n')
    .map((line) => line.split(' ') as [string, string])
    .map(([number, content]) => [Number(number), content]);
}

async function allMessages(store: Store, token: Token): Promise<ShownMessage[]> {
  const rows: ShownMessage[] = [];
  for (let more = true; more; ) {
    const page = await store.messages(token, 1, { limit: 200, after: rows.at(-1)?.number ?? 0 });
    rows.push(...messagesIn(page));
    more = page.more;
  }
  return rows;
}

describe('the embedded drivers in several processes', () => {
  test('a process cannot open a folder that another process has open; after the close it can', async () => {
    const embedded = openEmbedded({ dataDir });
    const token = await storedChat(embedded.store);
    const second = Bun.spawn([process.execPath, WRITER, dataDir, token], { stdout: 'pipe', stderr: 'pipe' });
    const [errors, status] = await Promise.all([new Response(second.stderr).text(), second.exited]);
    expect(status).not.toBe(0);
    expect(errors).toContain('DataDirInUse');
    expect(errors).toContain('is in use by another process');
    expect(await embedded.store.application(token)).toMatchObject({ chatsCount: 1 });
    await embedded.close();
    expect((await writeAndKill(token, 1)).length).toBeGreaterThan(0);
  }, 30_000);

  test('a process cannot open a folder that another process has open, even if the lock file was deleted', async () => {
    const embedded = openEmbedded({ dataDir });
    const token = await storedChat(embedded.store);
    await rm(join(dataDir, 'parley.lock'));
    const second = Bun.spawn([process.execPath, WRITER, dataDir, token], { stdout: 'pipe', stderr: 'pipe' });
    const [errors, status] = await Promise.all([new Response(second.stderr).text(), second.exited]);
    expect(status).not.toBe(0);
    expect(errors).toContain('is in use by another process');
    expect(await embedded.store.application(token)).toMatchObject({ chatsCount: 1 });
    await embedded.close();
  }, 30_000);

  test('one process cannot open a folder twice', async () => {
    const embedded = openEmbedded({ dataDir });
    expect(() => openEmbedded({ dataDir })).toThrow(DataDirInUse);
    await embedded.store.ping();
    await embedded.close();
    await openEmbedded({ dataDir }).close();
  });

  test('after kill -9 every acknowledged message is stored once, under its number, and counted', async () => {
    const first = openEmbedded({ dataDir });
    const token = await storedChat(first.store);
    await first.close();
    const reported: [number, string][] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      reported.push(...(await writeAndKill(token, round * 97)));
      const { store, close, search } = openEmbedded({ dataDir });
      const rows = await allMessages(store, token);
      const contents = new Map(rows.map(({ number, content }) => [number, content]));
      for (const [number, content] of reported) expect([number, contents.get(number)]).toEqual([number, content]);
      expect(new Set(rows.map(({ content }) => content)).size).toBe(rows.length);
      expect((await store.chat(token, 1))?.messagesCount).toBe(rows.length);
      const [number = 0, content = ''] = reported.at(-1) ?? [];
      const found = await search.search({ token, chat: 1, query: content, limit: 2 });
      expect(found.hits).toMatchObject([{ chat: 1, number, rank: SEARCH_RANK.phrase }]);
      await close();
    }
    expect(new Set(reported.map(([number]) => number)).size).toBe(reported.length);
  }, 60_000);
});
