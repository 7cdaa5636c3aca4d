import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '@elastic/elasticsearch';
import { CONTENT_CHARACTERS_MAX, newToken, type SearchDocument, type Token } from '@parley/domain';
import { IndexMissing } from './errors.ts';
import { documentOf, type Own, openOwn, rawClient, rejection } from './test-support.ts';

let own: Own;
let raw: Client;
let index: string;
beforeAll(async () => {
  raw = rawClient();
  own = openOwn();
  index = (await own.admin.ensureIndex()).name;
});
afterAll(() => Promise.all([own.end(), raw.close()]));

async function found(token: Token, query: string, chat = 1): Promise<string[]> {
  await own.admin.refresh();
  const { hits } = await own.search.search({ token, chat, query, limit: 10 });
  return hits.map(({ content }) => content);
}

describe('a document', () => {
  test('is kept under token, chat and number, routed by its token, without its tokens in the source', async () => {
    const token = newToken();
    expect(await own.search.index([documentOf(token, 7, 'Hello', 3, 2)])).toEqual([]);
    const kept = await raw.get({ index, id: `${token}:2:7`, routing: token });
    expect(kept._version).toBe(3);
    expect(kept._routing).toBe(token);
    expect(kept._source).toEqual({ chat: `${token}:2`, number: 7, content: 'Hello' });
  });

  test('of an older or the same version changes nothing, in any order and in one call', async () => {
    const token = newToken();
    const versions = [2, 1, 3, 2].map((version) => documentOf(token, 1, `version ${version}`, version));
    expect(await own.search.index(versions)).toEqual([]);
    expect(await own.search.index([documentOf(token, 1, 'version x', 3), documentOf(token, 1, 'old', 1)])).toEqual([]);
    expect(await found(token, 'version')).toEqual(['version 3']);
  });

  test('that Elasticsearch cannot parse is answered with its reason, and the others are kept', async () => {
    const token = newToken();
    const wrong = { ...documentOf(token, 0, 'wrong'), number: 'one' as unknown as number };
    const documents: SearchDocument[] = [documentOf(token, 1, 'fine'), wrong, documentOf(token, 2, 'fine too')];
    const refused = await own.indexInto([index], documents);
    expect(refused.map(({ document }) => document)).toEqual([wrong]);
    expect(refused[0]?.reason).toContain('document_parsing_exception');
    expect(await found(token, 'fine')).toEqual(['fine too', 'fine']);
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
    expect(await own.search.index(texts.map((text, position) => documentOf(token, position + 1, text)))).toEqual([]);
    expect(await found(token, `${'x'.repeat(900)}y`)).toEqual([texts[0]!]);
    expect(await found(token, '🎉'.repeat(900))).toEqual([texts[1]!]);
    expect(await found(token, 'ﷺ')).toEqual([texts[2]!]);
  });
});

test('thousands of documents are written in one call, more than one request holds', async () => {
  const token = newToken();
  const filler = 'lorem ipsum dolor sit amet '.repeat(12);
  const documents = Array.from({ length: 3_000 }, (_, position) =>
    documentOf(token, position + 1, `${filler} nr${position + 1}.`),
  );
  expect(await own.search.index(documents)).toEqual([]);
  await own.admin.refresh();
  const { count } = await raw.count({ index, routing: token, query: { term: { _routing: token } } });
  expect(count).toBe(3_000);
  expect(await found(token, '"nr2999"')).toHaveLength(1);
});

test('no documents and no targets are no call', async () => {
  expect(await own.search.index([])).toEqual([]);
  expect(await own.indexInto([], [documentOf(newToken(), 1, 'x')])).toEqual([]);
});

describe('an index that was deleted', () => {
  test('is told as missing by writes and searches, and never comes back by itself', async () => {
    const gone = openOwn();
    try {
      const token = newToken();
      const { name } = await gone.admin.ensureIndex();
      await gone.admin.dropIndex(name);
      for (const write of [
        () => gone.search.index([documentOf(token, 1, 'x')]),
        () => gone.indexInto([name], [documentOf(token, 1, 'x')]),
        () => gone.search.search({ token, chat: 1, query: 'x', limit: 1 }),
        () => gone.admin.count(),
      ]) {
        const error = await rejection(write());
        expect(error).toBeInstanceOf(IndexMissing);
        expect(error).toMatchObject({ dependency: 'search index' });
      }
      expect(await gone.admin.indices()).toEqual([]);
      expect(await raw.indices.exists({ index: [gone.alias, `${name}-write`] })).toBe(false);
      expect(await gone.admin.ensureIndex()).toMatchObject({ created: true });
      expect(await gone.search.index([documentOf(token, 1, 'x')])).toEqual([]);
    } finally {
      await gone.end();
    }
  });

  test('is not mistaken for one that is closed or read-only', async () => {
    const shut = openOwn();
    try {
      const token = newToken();
      const { name } = await shut.admin.ensureIndex();
      await raw.indices.putSettings({ index: name, settings: { 'index.blocks.write': true } });
      const blocked = await rejection(shut.search.index([documentOf(token, 1, 'x')]));
      await raw.indices.close({ index: name });
      const closed = await rejection(shut.search.index([documentOf(token, 1, 'x')]));
      for (const error of [blocked, closed]) {
        expect(error).toMatchObject({ name: 'Unavailable', dependency: 'search index' });
        expect(error).not.toBeInstanceOf(IndexMissing);
      }
    } finally {
      await shut.end();
    }
  });
});
