import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newEventId, newToken, Unavailable } from '@parley/domain';
import { openEmbedded } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-unread-'));
});
afterEach(() => rm(folder, { recursive: true }));

const CHATS = 10;
const OWN = 20_000;

test('counts of unread messages that look at very many messages let other requests work in between', async () => {
  const { store, close } = openEmbedded({ dataDir: folder });
  const token = newToken();
  const event = () => ({ id: newEventId(), epoch: 1, at: Date.now(), token });
  const chats = Array.from({ length: CHATS }, (_, index) => index + 1);
  await store.append([{ ...event(), type: 'application', name: 'An app' }]);
  const contents = Array<string>(1_000).fill('x');
  const extras = contents.map(() => ({ senderId: 'anna' }));
  for (const number of chats) {
    await store.append([{ ...event(), type: 'chat', number, name: '' }]);
    for (let first = 1; first <= OWN; first += contents.length)
      await store.append([{ ...event(), type: 'messages', chat: number, first, contents, extras }]);
    const answers = Array<string>(number * 3).fill('y');
    await store.append([{ ...event(), type: 'messages', chat: number, first: OWN + 1, contents: answers }]);
  }
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const begun = performance.now();
  const counts = await store.unread(token, 'anna', chats);
  const took = performance.now() - begun;
  isOver = true;
  expect(counts).toEqual(chats.map((number) => number * 3));
  expect(turns).toBeGreaterThan(took / 50);
  expect(turns).toBeGreaterThan(2);
  // What is deleted meanwhile has nothing unread, and a closed store refuses.
  const deleted = store.unread(token, 'anna', chats);
  await store.deleteApplication(token);
  expect((await deleted).at(-1)).toBe(0);
  await close();
  await expect(store.unread(token, 'anna', chats)).rejects.toBeInstanceOf(Unavailable);
});
