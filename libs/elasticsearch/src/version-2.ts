import { foldText, parseQuery } from '@parley/domain';
import { SHORT_KEYS } from './keys.ts';
import type { Layout, Query } from './layout.ts';
import { MAPPING_VERSION } from './mapping.ts';
import { BORDER, encode, pairsOf, writeTokens } from './tokens.ts';

/**
 * Aliases carry the version: a program of another version would misread what it finds behind them, and what it wrote
 * would be refused as if the documents were at fault.
 */
export const CURRENT_LAYOUT: Layout = {
  keys: SHORT_KEYS,
  write: ({ token, chat, number, content, createdAt }, out) => {
    const key = SHORT_KEYS.chat(token, chat);
    out.text(`{"chat":"${key}","number":${JSON.stringify(number)},"at":${JSON.stringify(createdAt)},`);
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
 * A phrase costs as much as its pairs occur in a text, all of them together, and a text may nearly repeat itself. So of a
 * long form its beginning and its end are asked for: nearly nothing has both and not the form, and the store decides.
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
