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

function contains(text: string): Query {
  const characters = [...text];
  if (characters.length > 2) return { match_phrase: { text: pairsOf(characters).join(' ') } };
  if (characters.length === 2) return { term: { text } };
  return { terms: { text: [text, BORDER + text, text + BORDER] } };
}

function tokensOf(form: string): string[] {
  const characters = [...encode(form)];
  return characters.length === 1 ? characters : pairsOf(characters);
}
