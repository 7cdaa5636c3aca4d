import { describe, expect, test } from 'bun:test';
import { newToken, type SearchDocument, type Token } from '@parley/domain';
import { opened } from './open-harness.ts';
import { documentsOf, found, hitsOf, type SearchHarness } from './search-index.contract.ts';

export function searchChangesContract(name: string, open: () => Promise<SearchHarness>): void {
  describe(`${name} search, chats and changes`, () => {
    const harness = opened(open);
    const version = (token: Token, number: number, content: string, counted: number): SearchDocument[] => [
      { token, chat: 1, number, content, createdAt: Date.now(), version: counted },
    ];

    test("never finds another chat's messages", async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      for (const chat of [1, 2, 11, 12]) await given(documentsOf(token, [`secret of ${chat}`], chat));
      for (const chat of [1, 2, 11, 12]) {
        expect(await hitsOf(searched, token, 'secret', chat)).toEqual([{ number: 1, content: `secret of ${chat}` }]);
        expect(await hitsOf(searched, token, 'se', chat)).toHaveLength(1);
      }
      expect(await found(searched, token, 'secret', 3)).toEqual([]);
    });

    test("never finds another application's messages", async () => {
      const { given, ...searched } = harness();
      const [mine, theirs] = [newToken(), newToken()];
      await given([...documentsOf(mine, ['secret mine']), ...documentsOf(theirs, ['secret theirs', 'secret more'])]);
      expect(await hitsOf(searched, mine, 'secret')).toEqual([{ number: 1, content: 'secret mine' }]);
      expect(await found(searched, theirs, 'secret')).toEqual([2, 1]);
      expect(await found(searched, mine, 'theirs')).toEqual([]);
      expect(await found(searched, newToken(), 'secret')).toEqual([]);
    });

    test('a query whose words are in two different messages finds neither', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['left', 'right']));
      expect(await found(searched, token, 'left right')).toEqual([]);
      expect(await found(searched, token, '"left right"')).toEqual([]);
    });

    test('finds a changed message by its new text and no longer by its old one', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['the old words', 'another']));
      await given(version(token, 1, 'quite new text', 2));
      expect(await hitsOf(searched, token, 'quite new')).toEqual([{ number: 1, content: 'quite new text' }]);
      for (const query of ['old', 'words', 'ol', '"old words"', 'the old'])
        expect(await found(searched, token, query)).toEqual([]);
      expect(await found(searched, token, 'another')).toEqual([2]);
    });

    test('finds a message by its last text after many changes', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['text 1']));
      for (let counted = 2; counted <= 6; counted += 1) await given(version(token, 1, `text ${counted}`, counted));
      expect(await hitsOf(searched, token, 'text')).toEqual([{ number: 1, content: 'text 6' }]);
      expect(await found(searched, token, '5')).toEqual([]);
    });

    test('a message that is changed into punctuation alone is found by it', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['words']));
      await given(version(token, 1, '...', 2));
      expect(await found(searched, token, 'words')).toEqual([]);
      expect(await found(searched, token, '..')).toEqual([1]);
      await given(version(token, 1, 'words again', 3));
      expect(await found(searched, token, '..')).toEqual([]);
      expect(await found(searched, token, 'words')).toEqual([1]);
    });

    test("concurrent searches of many chats each find their own chat's messages", async () => {
      const { given, ...searched } = harness();
      const tokens = Array.from({ length: 20 }, newToken);
      await given(tokens.flatMap((token, position) => documentsOf(token, [`common ${position}`])));
      const answers = await Promise.all(tokens.map((token) => hitsOf(searched, token, 'common')));
      expect(answers.map((hits) => hits.map(({ content }) => content))).toEqual(
        tokens.map((_, position) => [`common ${position}`]),
      );
    });
  });
}
