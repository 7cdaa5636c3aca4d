import { foldText, parseQuery } from '@parley/domain';
import { SHORT_KEYS } from './keys.ts';
import type { Layout, Query } from './layout.ts';
import { MAPPING_VERSION } from './mapping.ts';
import { BORDER, encode, pairsOf, writeTokens } from './tokens.ts';

/**
 * The layout of the present mapping. Aliases contain its version: else a program of another version would misread an
 * index, and its writes would be refused as if its documents were invalid.
 */
export const CURRENT_LAYOUT: Layout = {
  keys: SHORT_KEYS,
  hasDetails: true,
  write: ({ token, chat, number, content, senderId, createdAt }, out) => {
    if (content === undefined) return out.text('{}');
    const key = SHORT_KEYS.chat(token, chat);
    out.text(`{"chat":"${key}","number":${JSON.stringify(number)},"at":${JSON.stringify(createdAt)},`);
    if (senderId !== undefined) out.text(`"sender":${JSON.stringify(senderId)},`);
    writeTokens(foldText(content), out);
    out.text('}');
  },
  parse: parseQuery,
  contains: (form) => contains(encode(form)),
  candidates: (forms) => ({
    bool: { filter: [...new Set(forms.flatMap(tokensOf))].map((set) => ({ term: { set } })) },
  }),
  searchAlias: (alias) => `${alias}-v${MAPPING_VERSION}`,
  writeAlias: (index) => `${index}-write-v${MAPPING_VERSION}`,
};

/**
 * A form of more characters is searched by its beginning and end only, because a phrase costs as much as all its pairs
 * together occur in a text, and some texts nearly repeat themselves. Few other texts have both ends, and hits are
 * checked in the store.
 */
const WHOLE_CHARACTERS_MAX = 48;

function contains(text: string): Query {
  const characters = [...text];
  if (characters.length > WHOLE_CHARACTERS_MAX) {
    const half = WHOLE_CHARACTERS_MAX / 2;
    return { bool: { filter: [phrase(characters.slice(0, half)), phrase(characters.slice(-half))] } };
  }
  if (characters.length > 2) return phrase(characters);
  if (characters.length === 2) return { term: { text } };
  return { terms: { text: [text, BORDER + text, text + BORDER] } };
}

function phrase(characters: readonly string[]): Query {
  return { match_phrase: { text: pairsOf(characters).join(' ') } };
}

function tokensOf(form: string): string[] {
  const characters = [...encode(form)];
  return characters.length === 1 ? characters : pairsOf(characters);
}
