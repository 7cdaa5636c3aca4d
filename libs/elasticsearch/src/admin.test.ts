import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '@elastic/elasticsearch';
import { newToken } from '@parley/domain';
import { failure } from '@parley/testing';
import { IndexMissing, UnknownMapping, WrongElasticsearch } from './errors.ts';
import { openElasticsearch } from './open.ts';
import { createVersion1, documentOf, numbersOf, type Own, openOwn, rawClient, serverUrl } from './testing/own-index.ts';

let raw: Client;
beforeAll(() => {
  raw = rawClient();
});
afterAll(() => raw.close());

/** Calls `run` with a driver that has its own alias, then deletes its indices. */
async function own(run: (own: Own) => Promise<void>, options = {}): Promise<void> {
  const opened = openOwn(options);
  try {
    await run(opened);
  } finally {
    await opened.end();
  }
}

describe('the index behind the alias', () => {
  test('is made once, with the settings asked for and an explicit mapping', () =>
    own(
      async ({ admin, alias }) => {
        expect(await admin.ensureIndex()).toEqual({ name: `${alias}-000001`, created: true });
        expect(await admin.ensureIndex()).toEqual({ name: `${alias}-000001`, created: false });
        const { settings, mappings, aliases } = (await raw.indices.get({ index: `${alias}-v2` }))[`${alias}-000001`]!;
        expect(settings?.index).toMatchObject({
          number_of_shards: '2',
          number_of_replicas: '0',
          refresh_interval: '250ms',
        });
        expect(mappings?.dynamic).toBe('strict');
        // Both names have the version, so programs of other versions do not use these aliases.
        expect(Object.keys(aliases ?? {}).sort()).toEqual([`${alias}-000001-write-v2`, `${alias}-v2`]);
        expect(await admin.count()).toBe(0);
      },
      { shards: 2, replicas: 0, refreshIntervalMs: 250 },
    ));

  test('gets the settings of today where an older program has made it', () =>
    own(async ({ admin, alias }) => {
      const older = openElasticsearch({ url: serverUrl(), alias, refreshIntervalMs: 500 });
      const { name } = await older.admin.ensureIndex();
      await older.close();
      await admin.settle(name);
      const { settings } = (await raw.indices.get({ index: name }))[name]!;
      expect(settings?.index?.refresh_interval).toBe('5000ms');
    }));

  test('is made once by many at the same time', () =>
    own(async ({ admin, alias }) => {
      const many = await Promise.all(Array.from({ length: 8 }, () => admin.ensureIndex()));
      expect(many.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(many.map(({ name }) => name))).toEqual(new Set([`${alias}-000001`]));
      expect(await admin.indices()).toEqual([
        { name: `${alias}-000001`, live: true, version: 2, current: true, notes: {} },
      ]);
    }));

  test('is made anew under the next number where the alias was lost', () =>
    own(async ({ admin, alias }) => {
      await admin.ensureIndex();
      await raw.indices.deleteAlias({ index: `${alias}-000001`, name: `${alias}-v2` });
      expect(await admin.ensureIndex()).toEqual({ name: `${alias}-000002`, created: true });
    }));

  test('of version 1 is left to programs of that version, beside one of this version', () =>
    own(async ({ admin, alias }) => {
      const first = await createVersion1(raw, alias);
      expect(await admin.ensureIndex()).toEqual({ name: `${alias}-000002`, created: true });
      expect(await admin.indices()).toEqual([
        { name: first, live: true, version: 1, current: false, notes: {} },
        { name: `${alias}-000002`, live: true, version: 2, current: true, notes: {} },
      ]);
    }));

  test('of a version that is not known is not written to, nor one that somebody else made', () =>
    own(async ({ indexInto, alias }) => {
      const token = newToken();
      const make = (number: number, _meta: object) =>
        raw.indices.create({
          index: `${alias}-00000${number}`,
          aliases: { [`${alias}-00000${number}-write-v2`]: {} },
          mappings: { _meta: { ..._meta } },
        });
      await make(1, { owner: 'parley', version: 77 });
      await make(2, {});
      for (const number of [1, 2]) {
        const error = await failure(indexInto([`${alias}-00000${number}`], [documentOf(token, 1, 'x')]));
        expect(error).toBeInstanceOf(UnknownMapping);
        expect(String(error)).toContain(number === 1 ? 'has mapping 77' : 'has mapping none of ours');
        expect((await raw.count({ index: `${alias}-00000${number}` })).count).toBe(0);
      }
    }));

  test('that somebody else put behind the alias is told', () =>
    own(async ({ admin, alias }) => {
      await raw.indices.create({ index: `${alias}-000001`, aliases: { [`${alias}-v2`]: {} } });
      expect(String(await failure(admin.ensureIndex()))).toContain('was not made by Parley');
    }));

  test('keeps what is noted about it', () =>
    own(async ({ admin }) => {
      const { name } = await admin.ensureIndex();
      await admin.note(name, { filled: { after: { number: 7 } } });
      expect(await admin.indices()).toMatchObject([{ name, version: 2, notes: { filled: { after: { number: 7 } } } }]);
      await admin.note(name, { liveSince: 5 });
      expect((await admin.indices())[0]?.notes).toEqual({ liveSince: 5 });
    }));

  test('is not taken for an index of the name of the alias, nor for two', async () => {
    for (const suffix of ['', '-v2']) {
      await own(async ({ admin, alias }) => {
        await raw.indices.create({ index: `${alias}${suffix}` });
        const error = await failure(admin.ensureIndex());
        expect(error).toBeInstanceOf(WrongElasticsearch);
        expect(String(error)).toContain(`${alias}${suffix} is an index, but it has to be an alias`);
      });
    }
    await own(async ({ admin, alias }) => {
      const { name } = await admin.ensureIndex();
      const second = await admin.createIndex();
      await raw.indices.putAlias({ index: second, name: `${alias}-v2` });
      expect(String(await failure(admin.ensureIndex()))).toContain(`not for ${name} and ${second}`);
    });
  });
});

describe('a second index', () => {
  test('takes the place of the first: written beside it, swapped, the first dropped', () =>
    own(async ({ admin, search, indexInto }) => {
      const token = newToken();
      const { name: first } = await admin.ensureIndex();
      await indexInto([first], [documentOf(token, 1, 'one')]);
      const second = await admin.createIndex();
      await indexInto([first, second], [documentOf(token, 2, 'two')]);
      await admin.refresh(first);
      await admin.refresh(second);
      expect([await admin.count(first), await admin.count(second)]).toEqual([2, 1]);
      expect(await numbersOf({ search }, token, 'one')).toHaveLength(1);

      await admin.swapAlias(second);
      await admin.swapAlias(second);
      expect(await admin.indices()).toEqual([
        { name: first, live: false, version: 2, current: true, notes: {} },
        { name: second, live: true, version: 2, current: true, notes: {} },
      ]);
      expect(await numbersOf({ search }, token, 'one')).toHaveLength(0);
      expect(await numbersOf({ search }, token, 'two')).toHaveLength(1);

      await admin.dropIndex(first);
      await admin.dropIndex(first);
      expect(await failure(indexInto([first, second], [documentOf(token, 3, 'three')]))).toBeInstanceOf(IndexMissing);
      expect((await admin.indices()).map(({ name }) => name)).toEqual([second]);
    }));

  test('gets a number of its own from each of many', () =>
    own(async ({ admin, alias }) => {
      const names = await Promise.all([admin.createIndex(), admin.createIndex(), admin.createIndex()]);
      expect(new Set(names)).toEqual(new Set([1, 2, 3].map((number) => `${alias}-00000${number}`)));
    }));

  test('that is not there cannot be swapped in, and names that are not ours are not touched', () =>
    own(async ({ admin, alias }) => {
      await admin.ensureIndex();
      expect(await failure(admin.swapAlias(`${alias}-000009`))).toMatchObject({ index: `${alias}-000009` });
      expect(await failure(admin.dropIndex('other'))).toBeInstanceOf(RangeError);
      expect(await failure(admin.dropIndex(`${alias}-*`))).toBeInstanceOf(RangeError);
      expect((await admin.indices())[0]).toMatchObject({ live: true });
    }));
});

test('the server tells its version and that it is there', () =>
  own(async ({ admin }) => {
    expect(await admin.checkVersion()).toMatch(/^9\./);
    await admin.ping();
  }));

test('each node tells how full its disk is', () =>
  own(async ({ admin }) => {
    const disks = await admin.disks();
    expect(disks.map(({ labels }) => labels)).toEqual([{ server: 'elasticsearch', node: 'parley' }]);
    for (const { freeBytes, sizeBytes } of disks) {
      expect(freeBytes).toBeGreaterThan(0);
      expect(sizeBytes).toBeGreaterThan(freeBytes);
    }
  }));

test('options that cannot be are refused with their value', () => {
  expect(() => openElasticsearch({ url: 'elasticsearch:9200' })).toThrow('http://');
  expect(() => openElasticsearch({ url: serverUrl(), alias: 'A*' })).toThrow('not A*');
  expect(() => openElasticsearch({ url: serverUrl(), shards: 0 })).toThrow('shards must be');
});
