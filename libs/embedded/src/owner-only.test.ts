import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded } from './index.ts';

let parent: string;
let dataDir: string;
let umask: number;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'parley-modes-'));
  dataDir = join(parent, 'data');
  umask = process.umask(0o000);
});
afterEach(() => {
  process.umask(umask);
  rmSync(parent, { recursive: true });
});

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);
const modes = () => Object.fromEntries(readdirSync(dataDir).map((name) => [name, modeOf(join(dataDir, name))]));
const NAMES = ['parley.db', 'parley.db-shm', 'parley.db-wal', 'parley.lock', 'parley.lock-journal'];
const NARROW = Object.fromEntries(NAMES.map((name) => [name, '600']));

test('with a umask that allows everything, the data is its owner’s alone', async () => {
  const embedded = openEmbedded({ dataDir });
  expect(modeOf(dataDir)).toBe('700');
  expect(modes()).toEqual(NARROW);
  await embedded.close();
});

test('wider modes that an older version left are narrowed', async () => {
  await openEmbedded({ dataDir }).close();
  chmodSync(dataDir, 0o755);
  for (const name of readdirSync(dataDir)) chmodSync(join(dataDir, name), 0o644);
  const embedded = openEmbedded({ dataDir });
  expect(modeOf(dataDir)).toBe('700');
  expect(modes()).toEqual(NARROW);
  await embedded.close();
});

test('a folder that others use as well stays as it is, but not the data in it', async () => {
  dataDir = parent;
  chmodSync(parent, 0o1777);
  writeFileSync(join(parent, 'of-others'), '');
  const embedded = openEmbedded({ dataDir });
  expect(modeOf(parent)).toBe('1777');
  expect(modes()).toEqual({ ...NARROW, 'of-others': '666' });
  await embedded.close();
});
