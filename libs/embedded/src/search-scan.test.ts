import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, mock, spyOn, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newEventId, newToken } from '@parley/domain';
import { databaseFile } from './database.ts';
import { openEmbedded } from './index.ts';
import { scan } from './search-scan.ts';
import { SEARCH_TABLES } from './search-tables.ts';

/** A search is in its turn of this number when it has looked at more than the first 20 messages. */
const TURNS = 32;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-scan-'));
});
afterEach(async () => {
  mock.restore();
  await rm(folder, { recursive: true });
});

test('what is deleted, or no longer matches, while a search runs is not in its answer', async () => {
  const embedded = openEmbedded({ dataDir: folder });
  const { store } = embedded;
  const token = newToken();
  const event = () => ({ id: newEventId(), epoch: 1, at: Date.now(), token });
  await store.append([{ ...event(), type: 'application', name: 'An app' }]);
  for (const number of [1, 2]) await store.append([{ ...event(), type: 'chat', number, name: '' }]);
  // The clock makes each turn end after one message. The search looks at chat 2 first.
  const clock = spyOn(performance, 'now');
  let now = 0;
  clock.mockImplementation(() => {
    now += 1_000;
    return now;
  });
  const contents = Array<string>(20).fill('a secret');
  for (const [chat, at] of [
    [1, 1_000],
    [2, 2_000],
  ] as const)
    await store.append([{ ...event(), type: 'messages', chat, first: 1, contents, at }]);
  await embedded.search.search({ token, query: 'secret', limit: 1 }); // now all messages are in the search table
  const database = new Database(databaseFile(folder), { readonly: true, strict: true });
  /** The places that a search finds. `meanwhile` runs when it has looked at chat 2. */
  const found = async (meanwhile: () => Promise<unknown> = async () => {}) => {
    const search = scan(database, SEARCH_TABLES[2], { token, query: 'secret', limit: 4 });
    let step = search.next();
    for (let turns = 1; step.done !== true; turns += 1) {
      if (turns === TURNS) await meanwhile();
      step = search.next();
    }
    return step.value.rows?.map(({ chat, number }) => `${chat}:${number}`);
  };
  expect(await found()).toEqual(['2:20', '2:19', '2:18', '2:17']);
  expect(await found(() => store.deleteMessage(token, 2, 20))).toEqual(['2:19', '2:18', '2:17']);
  expect(await found(() => store.changeMessage(token, 2, 18, { content: 'x' }))).toEqual(['2:19', '2:17', '2:16']);
  const stillThere = await found(() => store.changeMessage(token, 2, 19, { content: 'still a secret' }));
  expect(stillThere).toEqual(['2:19', '2:17', '2:16', '2:15']);
  expect(await found(() => store.deleteChat(token, 2))).toEqual([]);
  expect(await found()).toEqual(['1:20', '1:19', '1:18', '1:17']);
  expect(await found(() => store.deleteApplication(token))).toEqual([]);
  database.close();
  await embedded.close();
});

test('a search of a chat that is deleted and removed meanwhile finds nothing of the chat that gets its id', async () => {
  const embedded = openEmbedded({ dataDir: folder });
  const { store, purge } = embedded;
  const contents = Array<string>(20).fill('a secret');
  const application = async () => {
    const token = newToken();
    const event = () => ({ id: newEventId(), epoch: 1, at: Date.now(), token });
    await store.append([
      { ...event(), type: 'application', name: 'An app' },
      { ...event(), type: 'chat', number: 1, name: '' },
      { ...event(), type: 'messages', chat: 1, first: 1, contents },
    ]);
    return token;
  };
  let now = 0;
  spyOn(performance, 'now').mockImplementation(() => {
    now += 1_000;
    return now;
  });
  const database = new Database(databaseFile(folder), { readonly: true, strict: true });
  for (const chat of [1, undefined]) {
    const token = await application();
    const search = scan(database, SEARCH_TABLES[2], { token, chat, query: 'secret', limit: 4 });
    for (let turns = 1; turns < 4; turns += 1) expect(search.next().done).toBe(false);
    await store.deleteApplication(token);
    for (let task = await purge.next(); task !== undefined; task = await purge.next()) await purge.step(task);
    const other = await application();
    let step = search.next();
    while (step.done !== true) step = search.next();
    expect(step.value.rows).toEqual([]);
    await store.deleteApplication(other);
    for (let task = await purge.next(); task !== undefined; task = await purge.next()) await purge.step(task);
  }
  database.close();
  await embedded.close();
});
