import { describe, expect, test } from 'bun:test';
import { newToken, type SearchDocument, type Token } from '@parley/domain';
import { opened } from './open-harness.ts';
import { documentsOf, found, hitsOf, type SearchHarness } from './search-index.contract.ts';

export function searchChangesContract(name: string, open: () => Promise<SearchHarness>): void {
  describe(`${name} search, chats and changes`, () => {
    const harness = opened(open);
    const version = (token: Token, number: number, content: string, counted: number): SearchDocument[] => [
      { token, chat: 1, number, content, version: counted },
    ];

    test("never answers another chat's messages", async () => {
      const { index, given } = harness();
      const token = newToken();
      for (const chat of [1, 2, 11, 12]) await given(documentsOf(token, [`secret of ${chat}`], chat));
      for (const chat of [1, 2, 11, 12]) {
        expect(await hitsOf(index, token, 'secret', chat)).toEqual([{ number: 1, content: `secret of ${chat}` }]);
        expect(await hitsOf(index, token, 'se', chat)).toHaveLength(1);
      }
      expect(await found(index, token, 'secret', 3)).toEqual([]);
    });

    test("never answers another application's messages", async () => {
      const { index, given } = harness();
      const [mine, theirs] = [newToken(), newToken()];
      await given([...documentsOf(mine, ['secret mine']), ...documentsOf(theirs, ['secret theirs', 'secret more'])]);
      expect(await hitsOf(index, mine, 'secret')).toEqual([{ number: 1, content: 'secret mine' }]);
      expect(await found(index, theirs, 'secret')).toEqual([2, 1]);
      expect(await found(index, mine, 'theirs')).toEqual([]);
      expect(await found(index, newToken(), 'secret')).toEqual([]);
    });

    test('text that is in no message but in two together is not found', async () => {
      const { index, given } = harness();
      const token = newToken();
      await given(documentsOf(token, ['left', 'right']));
      expect(await found(index, token, 'left right')).toEqual([]);
      expect(await found(index, token, '"left right"')).toEqual([]);
    });

    test('finds a message by what it was changed to and no longer by what it was', async () => {
      const { index, given } = harness();
      const token = newToken();
      await given(documentsOf(token, ['the old words', 'another']));
      await given(version(token, 1, 'quite new text', 2));
      expect(await hitsOf(index, token, 'quite new')).toEqual([{ number: 1, content: 'quite new text' }]);
      for (const query of ['old', 'words', 'ol', '"old words"', 'the old'])
        expect(await found(index, token, query)).toEqual([]);
      expect(await found(index, token, 'another')).toEqual([2]);
    });

    test('finds a message by its last text after many changes', async () => {
      const { index, given } = harness();
      const token = newToken();
      await given(documentsOf(token, ['text 1']));
      for (let counted = 2; counted <= 6; counted += 1) await given(version(token, 1, `text ${counted}`, counted));
      expect(await hitsOf(index, token, 'text')).toEqual([{ number: 1, content: 'text 6' }]);
      expect(await found(index, token, '5')).toEqual([]);
    });

    test('a message that is changed into punctuation is found by nothing', async () => {
      const { index, given } = harness();
      const token = newToken();
      await given(documentsOf(token, ['words']));
      await given(version(token, 1, '...', 2));
      expect(await found(index, token, 'words')).toEqual([]);
      await given(version(token, 1, 'words again', 3));
      expect(await found(index, token, 'words')).toEqual([1]);
    });

    test('a version that is older than what is indexed changes nothing', async () => {
      const { index, given, late } = harness();
      const token = newToken();
      await given(documentsOf(token, ['first']));
      await given(version(token, 1, 'second', 2));
      await late(version(token, 1, 'first', 1));
      expect(await hitsOf(index, token, 'second')).toEqual([{ number: 1, content: 'second' }]);
      expect(await found(index, token, 'first')).toEqual([]);
    });

    test('the same version again changes nothing and is not refused', async () => {
      const { index, given, late } = harness();
      const token = newToken();
      const documents = documentsOf(token, ['once', 'and once']);
      await given(documents);
      expect(await index.index(documents)).toEqual([]);
      await late(documents);
      expect(await found(index, token, 'once')).toEqual([2, 1]);
    });

    test('an older version is not refused either', async () => {
      const { index, given } = harness();
      const token = newToken();
      await given(documentsOf(token, ['first']));
      await given(version(token, 1, 'second', 2));
      expect(await index.index(version(token, 1, 'first', 1))).toEqual([]);
    });

    test('indexing nothing is fine', async () => {
      expect(await harness().index.index([])).toEqual([]);
    });

    test('concurrent searches of many chats answer each its own', async () => {
      const { index, given } = harness();
      const tokens = Array.from({ length: 20 }, newToken);
      await given(tokens.flatMap((token, position) => documentsOf(token, [`common ${position}`])));
      const answers = await Promise.all(tokens.map((token) => hitsOf(index, token, 'common')));
      expect(answers.map((hits) => hits.map(({ content }) => content))).toEqual(
        tokens.map((_, position) => [`common ${position}`]),
      );
    });
  });
}
