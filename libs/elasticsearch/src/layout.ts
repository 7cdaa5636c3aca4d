import type { estypes } from '@elastic/elasticsearch';
import { foldText, parseQuery, type SearchDocument, type SearchQuery } from '@parley/domain';
import type { Bytes } from './bytes.ts';
import { type Keys, SHORT_KEYS } from './keys.ts';
import { MAPPING_VERSION } from './mapping.ts';
import { BORDER, encode, pairsOf, writeTokens } from './tokens.ts';
import { LAYOUT_1 } from './version-1.ts';

export type Query = NonNullable<estypes.QueryDslQueryContainer>;

/** How the documents of one version of the mapping are written and asked for. */
export interface Layout {
  readonly keys: Keys;
  /** Adds the document as a JSON object. */
  write(document: SearchDocument, out: Bytes): void;
  parse(query: string): SearchQuery;
  /** What a text has that holds this form; nothing in a form is an operator. */
  contains(form: string): Query;
  /** What a text has at least that holds all of these, where it is not indexed exactly. */
  candidates?(forms: readonly string[]): Query;
  /** The alias that searches read, made of the name that is configured. */
  searchAlias(alias: string): string;
  /** What an index is written through: only a write through an alias can be kept from making an index. */
  writeAlias(index: string): string;
}

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

/** The newest first. Searches ask the first that there is. */
export const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [MAPPING_VERSION, CURRENT_LAYOUT],
  [1, LAYOUT_1],
]);
