import { describe, expect, test } from 'bun:test';
import { CONTENT_CHARACTERS_MAX, NAME_CHARACTERS_MAX } from '@parley/domain';
import { messagesIn } from '@parley/testing';
import { applicationCreated, chatCreated, messagesCreated, required, storedChat } from './events.ts';
import { opened } from './open-harness.ts';
import type { StoreHarness } from './store.contract.ts';

/** Texts that a careless store changes, because it normalises, trims, escapes, truncates or splits surrogate pairs. */
export const DIFFICULT_TEXTS: Readonly<Record<string, string>> = {
  'emoji with joiners, skin tones and flags': '👩‍👩‍👧‍👦 👍🏽 🇪🇺 🏴󠁧󠁢󠁳󠁣󠁴󠁿 ❤️',
  'composed and decomposed accents': 'é e\u0301 ﬁ fi Å \u212b A\u030a',
  'stacked combining marks': 'Z̴͖̈́a̷̳͝l̸̰̈g̵̱̈́o̶̥͘',
  'Chinese, Japanese and Korean': '漢字 かな カナ ｶﾞ 한글 \u1112\u1161\u11ab 𠮷野家',
  'right to left with marks': 'שָׁלוֹם \u200fمرحبا\u200e بالعالم \u202e!dlrow',
  'quotes and backslashes': `'; DROP TABLE messages; -- " \\ \\' \\\\ \\n \` %s \${x} {{y}} _ %`,
  'spaces around and inside': '  \t leading\u00a0and \u3000 trailing \r\n \n ',
  'only spaces': '   ',
  'control characters but NUL': '\u0001\u0007\b\u001b[31m\u007f\u0085\u2028\u2029\ufeff\ufffe',
  'the highest code points': '\ud7ff\ue000\uffff\u{10000}\u{10ffff}',
  'text that looks like other types': '0x10 1e3 null true NaN 00:00:00 2024-02-30',
  'markup and entities': '<b onclick="x">&amp;</b><!-- --> &#0;',
};

export function storeTextsContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} store, texts`, () => {
    const harness = opened(open);

    for (const [what, text] of Object.entries(DIFFICULT_TEXTS)) {
      test(`keeps ${what} byte for byte`, async () => {
        const { store } = harness();
        const application = applicationCreated({ name: text });
        const { token } = application;
        await store.append([application, chatCreated(token, { name: text }), messagesCreated(token, 1, [text, text])]);
        expect((await store.application(token))?.name).toBe(text);
        expect((await store.chat(token, 1))?.name).toBe(text);
        expect((await store.message(token, 1, 1))?.content).toBe(text);
        const page = await store.messages(token, 1, { limit: 2 });
        expect(messagesIn(page).map(({ content }) => content)).toEqual([text, text]);
      });

      test(`keeps ${what} byte for byte through changes`, async () => {
        const { store } = harness();
        const token = await storedChat(store);
        await store.append([messagesCreated(token, 1, ['x'])]);
        expect((await store.changeApplication(token, { name: text }))?.name).toBe(text);
        expect((await store.changeChat(token, 1, { name: text }))?.name).toBe(text);
        expect((await store.changeMessage(token, 1, 1, { content: text }))?.content).toBe(text);
        expect((await store.application(token))?.name).toBe(text);
        expect((await store.chat(token, 1))?.name).toBe(text);
        expect((await store.message(token, 1, 1))?.content).toBe(text);
      });
    }

    test('keeps the longest message, even of four-byte characters', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const contents = ['😀'.repeat(CONTENT_CHARACTERS_MAX), 'a'.repeat(CONTENT_CHARACTERS_MAX)];
      await store.append([messagesCreated(token, 1, contents)]);
      const page = await store.messages(token, 1, { limit: 2 });
      expect(messagesIn(page).map(({ content }, index) => content === contents[index])).toEqual([true, true]);
      const rewritten = required(await store.changeMessage(token, 1, 2, { content: required(contents[0]) }));
      expect(rewritten.content === contents[0]).toBe(true);
    });

    test('keeps the longest names of four-byte characters', async () => {
      const { store } = harness();
      const name = '𠮷'.repeat(NAME_CHARACTERS_MAX);
      const application = applicationCreated({ name });
      const { token } = application;
      await store.append([application, chatCreated(token, { name })]);
      expect((await store.application(token))?.name).toBe(name);
      expect((await store.chat(token, 1))?.name).toBe(name);
    });

    test('texts that a collation treats as equal stay different', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const contents = ['straße', 'strasse', 'STRASSE', 'a', 'a ', 'á', 'ａ'];
      await store.append([messagesCreated(token, 1, contents)]);
      const page = await store.messages(token, 1, { limit: 10 });
      expect(messagesIn(page).map(({ content }) => content)).toEqual(contents);
    });
  });
}
