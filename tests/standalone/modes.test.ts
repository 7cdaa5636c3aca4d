import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmod, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '../support/client.ts';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

let parent: string;
beforeAll(async () => {
  parent = await temporaryFolder();
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** Starts a standalone with this umask, which it inherits from this process. */
async function startWithUmask(mask: number, dataDir: string): Promise<StandaloneProcess> {
  const before = process.umask(mask);
  try {
    return await startStandalone(dataDir);
  } finally {
    process.umask(before);
  }
}

async function modesIn(dataDir: string): Promise<Record<string, string>> {
  const names = ['.', ...(await readdir(dataDir))];
  const modes = names.map(async (name) => [name, ((await stat(join(dataDir, name))).mode & 0o777).toString(8)]);
  return Object.fromEntries(await Promise.all(modes));
}

const expected = (names: readonly string[]) => ({
  '.': '700',
  ...Object.fromEntries(names.filter((name) => name !== '.').map((name) => [name, '600'])),
});

test.each([0o000, 0o022])(
  'with umask %o, only the owner may read the data: at work, and at a start after a kill and a chmod',
  async (mask) => {
    const dataDir = join(parent, `data-${mask}`);
    let standalone = await startWithUmask(mask, dataDir);
    const client = await Client.connect(standalone.url);
    await client.messages(await client.chat(), ['a', 'b']);
    const atWork = await modesIn(dataDir);
    expect(atWork).toEqual(expected(Object.keys(atWork)));
    expect(Object.keys(atWork)).toContain('parley.db-wal');
    await standalone.kill();
    for (const name of await readdir(dataDir)) await chmod(join(dataDir, name), 0o666);
    await chmod(dataDir, 0o777);
    standalone = await startWithUmask(mask, dataDir);
    const again = await modesIn(dataDir);
    expect(again).toEqual(expected(Object.keys(again)));
    expect(await standalone.terminate()).toBe(0);
  },
);
