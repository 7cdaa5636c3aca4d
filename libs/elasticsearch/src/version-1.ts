import { foldTextV1, parseQueryV1 } from '@parley/domain';
import { LONG_KEYS } from './keys.ts';
import type { Layout } from './layout.ts';
import { BORDER, pairsOf } from './tokens.ts';

/**
 * Version 1 of the mapping: a text's pairs of characters with positions, the set of all its characters, and the content
 * in `_source`. Such an index is written and searched until the worker has built one of the current version. The next
 * release drops it.
 */
export const LAYOUT_1: Layout = {
  keys: LONG_KEYS,
  hasDetails: false,
  write: ({ token, chat, number, content }, out) => {
    if (content === undefined) return out.text('{}');
    const folded = foldTextV1(content);
    const characters = folded === '' ? [] : [...withBorders(` ${folded} `)];
    const set = new Set(characters.filter((character) => character !== BORDER));
    out.text(
      JSON.stringify({
        ...{ chat: LONG_KEYS.chat(token, chat), number, content },
        ...{ pairs: pairsOf(characters).join(' '), characters: [...set].join(' ') },
      }),
    );
  },
  parse: parseQueryV1,
  contains: (form) => {
    const characters = [...withBorders(form)];
    if (characters.length > 2) return { match_phrase: { pairs: pairsOf(characters).join(' ') } };
    const token = characters.join('');
    return characters.length === 2 ? { term: { pairs: token } } : { term: { characters: token } };
  },
  searchAlias: (alias) => alias,
  writeAlias: (index) => `${index}-write`,
};

function withBorders(folded: string): string {
  return folded.replaceAll(' ', BORDER);
}
