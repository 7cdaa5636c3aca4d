import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Event, newEventId, newToken, Unavailable } from '@parley/domain';
import { failure } from '@parley/testing';
import { databaseFile, openDatabase } from './database.ts';
import { EmbeddedFeed } from './feed.ts';
import { KeptKeys } from './kept-keys.ts';
import { EmbeddedNumbering } from './numbering.ts';
import { Owners } from './owners.ts';
import { SyncedLog } from './synced-log.ts';
import { Writing } from './writing.ts';

let folder: string;
let opened: ReturnType<typeof openDatabase>;
/** The syncs that have begun, in order. */
let syncs: PromiseWithResolvers<void>[];
let log: SyncedLog;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-synced-'));
  opened = openDatabase(folder);
  syncs = [];
  log = new SyncedLog(opened.database, databaseFile(folder), () => {
    const sync = Promise.withResolvers<void>();
    syncs.push(sync);
    return sync.promise;
  });
});
afterEach(async () => {
  for (const { resolve } of syncs) resolve();
  await log.close();
  await opened.close();
  await rm(folder, { recursive: true });
});

/** Lets everything happen that needs no sync. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Follows whether a promise has resolved. */
function followed(promise: Promise<unknown>): { done: boolean } {
  const state = { done: false };
  promise.then(
    () => {
      state.done = true;
    },
    () => {},
  );
  return state;
}

const probe = () => opened.database.run("INSERT OR REPLACE INTO write_probe VALUES (1, x'00')");

test('a write is acknowledged only when it is on disk', async () => {
  const written = followed(new Writing(opened.database, log).run(probe));
  await settled();
  expect(syncs).toHaveLength(1);
  expect(written.done).toBe(false);
  syncs[0]?.resolve();
  await settled();
  expect(written.done).toBe(true);
});

test('writes during a sync wait for the next one, which they share', async () => {
  const writing = new Writing(opened.database, log);
  const [first, second, third] = [writing.run(probe), writing.run(probe), writing.run(probe)].map(followed);
  await settled();
  expect(syncs).toHaveLength(1); // all were written before it began
  const [fourth, fifth] = [writing.run(probe), writing.run(probe)].map(followed);
  await settled();
  syncs[0]?.resolve();
  await settled();
  expect([first, second, third, fourth, fifth].map((each) => each?.done)).toEqual([true, true, true, false, false]);
  expect(syncs).toHaveLength(2);
  syncs[1]?.resolve();
  await settled();
  expect([fourth, fifth].map((each) => each?.done)).toEqual([true, true]);
});

test('a failed sync refuses the write; the next write is acknowledged after a checkpoint, without a sync', async () => {
  const writing = new Writing(opened.database, log);
  const refused = failure(writing.run(probe));
  await settled();
  syncs[0]?.reject(Object.assign(new Error('broken'), { code: 'EIO' }));
  expect(await refused).toBeInstanceOf(Unavailable);
  expect(String(await refused)).toContain('EIO');
  expect(log.failed).toBe(true);
  await writing.run(probe);
  expect(log.failed).toBe(false);
  expect(syncs).toHaveLength(1);
});

test('readers of the feed get nothing that is not on disk', async () => {
  const feed = new EmbeddedFeed(opened.database, Date.now, log);
  for (const read of [() => feed.heads(), () => feed.read(0, 0, 10)]) {
    const answered = followed(read());
    await settled();
    expect(answered.done).toBe(false);
    syncs.at(-1)?.resolve();
    await settled();
    expect(answered.done).toBe(true);
  }
});

test('a stored create whose sync has failed is not told as confirmed: its repetition waits for the disk', async () => {
  const kept = new KeptKeys(opened.database, Date.now);
  const key = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };
  const [token, at] = [newToken(), Date.now()];
  const event: Event = { type: 'application', id: newEventId(), epoch: 1, at, token, name: 'x' };
  kept.keep(event, key);
  let isOnDisk = false;
  const numbering = new EmbeddedNumbering(kept, new Owners(opened.database), () => isOnDisk, Date.now);
  expect(await numbering.register({ token: newToken(), key })).toMatchObject({ status: 'repeated', confirmed: false });
  isOnDisk = true;
  expect(await numbering.register({ token: newToken(), key })).toMatchObject({ status: 'repeated', confirmed: true });
});
