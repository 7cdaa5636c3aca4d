import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '@elastic/elasticsearch';
import { CONTENT_CHARACTERS_MAX, newToken, type SearchDocument, type Token } from '@parley/domain';
import { failure } from '@parley/testing';
import { IndexMissing } from './errors.ts';
import {
  CREATED_AT,
  createVersion1,
  documentOf,
  numbersOf,
  type Own,
  openOwn,
  rawClient,
} from './testing/own-index.ts';

let own: Own;
let raw: Client;
let index: string;
beforeAll(async () => {
  raw = rawClient();
  own = openOwn();
  index = (await own.admin.ensureIndex()).name;
});
afterAll(() => Promise.all([own.end(), raw.close()]));

async function found(token: Token, query: string): Promise<number[]> {
  await own.admin.refresh();
  return numbersOf(own, token, query);
}

function shortToken(token: Token): string {
  return Buffer.from(token.replaceAll('-', ''), 'hex').toString('base64url');
}

describe('a document', () => {
  test('is kept under token, chat and number, routed by its token, with nothing of its content to be read', async () => {
    const token = newToken();
    const short = shortToken(token);
    expect(await own.index([documentOf(token, 7, 'Hello', 3, 2)])).toEqual([]);
    const kept = await raw.get({ index, id: `${short}:2:7`, routing: short });
    expect(kept._version).toBe(3);
    expect(kept._routing).toBe(short);
    expect(kept._source).toBeUndefined();
    await own.admin.refresh();
    const { hits } = await raw.search({
      ...{ index, query: { term: { chat: `${short}:2` } }, docvalue_fields: ['number', 'at'] },
    });
    expect(hits.hits.map(({ fields }) => fields)).toEqual([{ number: [7], at: [CREATED_AT] }]);
  });

  test('of an older or the same version changes nothing, in any order and in one call', async () => {
    const token = newToken();
    const versions = [2, 1, 3, 2].map((version) => documentOf(token, 1, `version ${version}`, version));
    expect(await own.index(versions)).toEqual([]);
    expect(await own.index([documentOf(token, 1, 'version x', 3), documentOf(token, 1, 'old', 1)])).toEqual([]);
    expect(await found(token, '3')).toEqual([1]);
    for (const older of ['1', '2', 'x', 'old']) expect(await found(token, older)).toEqual([]);
  });

  test('that Elasticsearch cannot parse is answered with its reason, and the others are kept', async () => {
    const token = newToken();
    const wrong = { ...documentOf(token, 0, 'wrong'), number: 'one' as unknown as number };
    const documents: SearchDocument[] = [documentOf(token, 1, 'fine'), wrong, documentOf(token, 2, 'fine too')];
    const refused = await own.indexInto([index], documents);
    expect(refused.map(({ document }) => document)).toEqual([wrong]);
    expect(refused[0]?.reason).toContain('document_parsing_exception');
    expect(await found(token, 'fine')).toEqual([2, 1]);
  });

  test('may be of any text: the longest, one word, emoji, expanding letters, only punctuation, lone halves', async () => {
    const token = newToken();
    const max = CONTENT_CHARACTERS_MAX;
    const texts = [
      'x'.repeat(max - 1).concat('y'),
      '🎉'.repeat(max),
      'ﷺ'.repeat(max),
      '.'.repeat(max),
      'a\ud800b',
      '"\\\n',
    ];
    expect(await own.index(texts.map((text, position) => documentOf(token, position + 1, text)))).toEqual([]);
    expect(await found(token, `${'x'.repeat(900)}y`)).toEqual([1]);
    expect(await found(token, '🎉'.repeat(900))).toEqual([2]);
    expect(await found(token, 'ﷺ')).toEqual([3]);
    expect(await found(token, '...')).toEqual([4]);
    expect(await found(token, 'b')).toEqual([5]);
    expect(await found(token, '\\')).toEqual([6]);
    expect(await found(token, '"')).toEqual([6]);
  });
});

test('thousands of documents are written in one call, more than one request holds', async () => {
  const token = newToken();
  const filler = 'lorem ipsum dolor sit amet '.repeat(12);
  const documents = Array.from({ length: 3_000 }, (_, position) =>
    documentOf(token, position + 1, `${filler} nr${position + 1}.`),
  );
  expect(await own.index(documents)).toEqual([]);
  await own.admin.refresh();
  const _routing = shortToken(token);
  const { count } = await raw.count({ index, routing: _routing, query: { term: { _routing } } });
  expect(count).toBe(3_000);
  expect(await found(token, '"nr2999"')).toHaveLength(1);
});

test('no documents and no targets are no call', async () => {
  expect(await own.index([])).toEqual([]);
  expect(await own.indexInto([], [documentOf(newToken(), 1, 'x')])).toEqual([]);
});

describe('an index of version 1', () => {
  test('is written and searched beside one of this version, until that is searched instead', async () => {
    const both = openOwn();
    try {
      const token = newToken();
      const first = await createVersion1(raw, both.alias);
      const second = await both.admin.createIndex();
      const texts = ['Crème brûlée', 'the creme', 'C# rocks!', 'mµ 🎉'];
      const documents = texts.map((text, position) => documentOf(token, position + 1, text));
      expect(await both.indexInto([first, second], documents)).toEqual([]);
      await both.admin.refresh(first);
      const kept = await raw.get({ index: first, id: `${token}:1:1`, routing: token });
      expect(kept._source).toEqual({ chat: `${token}:1`, number: 1, content: 'Crème brûlée' });
      expect(await numbersOf(both, token, 'creme')).toEqual([2, 1]);
      expect(await numbersOf(both, token, 'rem')).toEqual([2, 1]);
      expect(await numbersOf(both, token, '"creme brulee"')).toEqual([1]);
      expect(await numbersOf(both, token, '🎉')).toEqual([4]);
      expect(await numbersOf(both, token, '!')).toEqual([]);

      await both.admin.refresh(second);
      await both.admin.swapAlias(second);
      expect(await numbersOf(both, token, 'creme')).toEqual([2, 1]);
      expect(await numbersOf(both, token, '!')).toEqual([3]);
      expect((await both.admin.indices()).map(({ live }) => live)).toEqual([true, true]);
    } finally {
      await both.end();
    }
  });
});

describe('an index that was deleted', () => {
  test('is told as missing by writes and searches, and never comes back by itself', async () => {
    const gone = openOwn();
    try {
      const token = newToken();
      const { name } = await gone.admin.ensureIndex();
      expect(await gone.indexInto([name], [documentOf(token, 1, 'x')])).toEqual([]);
      await gone.admin.dropIndex(name);
      for (const write of [
        () => gone.indexInto([name], [documentOf(token, 1, 'x')]),
        () => gone.search.search({ token, chat: 1, query: 'x', limit: 1 }),
        () => gone.admin.count(),
      ]) {
        const error = await failure(write());
        expect(error).toBeInstanceOf(IndexMissing);
        expect(error).toMatchObject({ dependency: 'search index' });
      }
      expect(await gone.admin.indices()).toEqual([]);
      expect(await raw.indices.exists({ index: [gone.alias, `${gone.alias}-v2`, `${name}-write-v2`] })).toBe(false);
      expect(await gone.admin.ensureIndex()).toMatchObject({ created: true });
      expect(await gone.indexInto([name], [documentOf(token, 1, 'x')])).toEqual([]);
    } finally {
      await gone.end();
    }
  });

  test('may be made anew with another mapping under its name, and is written to in the new way', async () => {
    const remade = openOwn();
    try {
      const token = newToken();
      const name = await createVersion1(raw, remade.alias);
      expect(await remade.indexInto([name], [documentOf(token, 1, 'old')])).toEqual([]);
      await raw.indices.delete({ index: name });
      expect(await failure(remade.indexInto([name], [documentOf(token, 1, 'x')]))).toBeInstanceOf(IndexMissing);
      expect(await remade.admin.ensureIndex()).toEqual({ name, created: true });
      expect(await remade.indexInto([name], [documentOf(token, 1, 'new')])).toEqual([]);
      await remade.admin.refresh();
      expect(await numbersOf(remade, token, 'new')).toEqual([1]);
    } finally {
      await remade.end();
    }
  });

  test('is not mistaken for one that is closed or read-only', async () => {
    const shut = openOwn();
    try {
      const token = newToken();
      const { name } = await shut.admin.ensureIndex();
      await raw.indices.putSettings({ index: name, settings: { 'index.blocks.write': true } });
      const blocked = await failure(shut.indexInto([name], [documentOf(token, 1, 'x')]));
      await raw.indices.close({ index: name });
      const closed = await failure(shut.indexInto([name], [documentOf(token, 1, 'x')]));
      for (const error of [blocked, closed]) {
        expect(error).toMatchObject({ name: 'Unavailable', dependency: 'search index' });
        expect(error).not.toBeInstanceOf(IndexMissing);
      }
    } finally {
      await shut.end();
    }
  });
});
