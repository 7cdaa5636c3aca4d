import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newToken, Unavailable } from '@parley/domain';
import { failure } from '@parley/testing';
import { databaseFile, openDatabase } from './database.ts';
import { EmbeddedSearch } from './search.ts';
import { SearchTables } from './search-tables.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-search-'));
});
afterEach(() => rm(folder, { recursive: true }));

const request = { token: newToken(), chat: 1, query: 'x', limit: 1 };
test('a file that cannot be read makes searches Unavailable, and is read as soon as it can be', async () => {
  const { database, close } = openDatabase(join(folder, 'own'));
  const later = join(folder, 'later');
  const search = new EmbeddedSearch(databaseFile(later), new SearchTables(database), 1_000, () => {});
  const refused = await failure(search.search(request));
  expect(refused).toBeInstanceOf(Unavailable);
  expect(refused).toMatchObject({ dependency: 'search index', message: 'Search cannot be used.' });
  const other = openDatabase(later);
  expect(await search.search(request)).toEqual({ hits: [], more: false, rows: [] });
  await search.close();
  other.close();
  close();
});

test('a search that is under way when it is closed is refused, as are later ones; closing twice is fine', async () => {
  const { database, close } = openDatabase(folder);
  const search = new EmbeddedSearch(databaseFile(folder), new SearchTables(database), 1_000, () => {});
  const underWay = failure(search.search(request));
  await Promise.all([search.close(), search.close()]);
  expect(await underWay).toBeInstanceOf(Unavailable);
  expect(await failure(search.search(request))).toBeInstanceOf(Unavailable);
  close();
});

test('many searches at once are answered, and more than may wait are refused at once', async () => {
  const { database, close } = openDatabase(folder);
  const search = new EmbeddedSearch(databaseFile(folder), new SearchTables(database), 1_000, () => {});
  const answers = await Promise.allSettled(Array.from({ length: 300 }, () => search.search(request)));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(256);
  expect(await search.search(request)).toEqual({ hits: [], more: false, rows: [] });
  await search.close();
  close();
});
