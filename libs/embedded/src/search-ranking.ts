import type { Database } from 'bun:sqlite';
import { foldText, type Message, matches, parseQuery, rankOf, SEARCH_RANK, type SearchQuery } from '@parley/domain';
import { MESSAGE_COLUMNS, MESSAGE_ID } from './database.ts';
import type { SearchTable } from './search-tables.ts';

/** Ranks that are remembered, so that a later rank does not fold the same text again. */
const REMEMBERED_MAX = 200_000;
const NO_MATCH = -1;

/** A message that may match. It is read where that decides. */
export interface Candidate {
  readonly number: number;
  readonly message?: Message;
}

export interface Hit {
  readonly rank: number;
  readonly message: Message;
}

/** Finds out the ranks of candidates, with as little folding as possible: that is most of what a search costs. */
export class Ranking {
  readonly #table: SearchTable;
  readonly #query: SearchQuery;
  /** The query of the present version, where the table has another one: what is shown must match in this one. */
  readonly #shown: SearchQuery | undefined;
  readonly #chatId: number;
  readonly #read;
  readonly #filters = new Map<number, (content: string) => boolean>();
  readonly #known = new Map<number, number>();

  constructor(database: Database, table: SearchTable, text: string, chatId: number) {
    this.#table = table;
    this.#query = table.parse(text);
    this.#shown = table.fold === foldText ? undefined : parseQuery(text);
    this.#chatId = chatId;
    this.#read = database.query<Message, [number, number]>(
      `SELECT ?2 AS number, ${MESSAGE_COLUMNS} FROM messages WHERE id = ${MESSAGE_ID}`,
    );
  }

  /** A candidate as it is now, with its rank; undefined where it does not match, or only in a worse rank than `last`. */
  of({ number, message }: Candidate, last: number): Hit | undefined {
    const known = this.#known.get(number);
    if (known === NO_MATCH || (known !== undefined && known > last)) return undefined;
    const now = message ?? this.#read.get(this.#chatId, number) ?? undefined;
    if (now === undefined) return undefined;
    if (known !== undefined) return { rank: known, message: now };
    if (!this.#mayHave(now.content, last)) return undefined;
    const rank = this.#rankOf(now.content);
    // The last rank has no later one.
    if (last < SEARCH_RANK.parts && this.#known.size < REMEMBERED_MAX) this.#known.set(number, rank);
    return rank === NO_MATCH ? undefined : { rank, message: now };
  }

  #rankOf(content: string): number {
    const rank = rankOf(this.#table.fold(content), this.#query);
    if (rank === undefined || (this.#shown && !matches(foldText(content), this.#shown))) return NO_MATCH;
    return rank;
  }

  /** Whether a text may have all forms of a rank. What has those of a better one has these too. */
  #mayHave(text: string, rank: number): boolean {
    let filter = this.#filters.get(rank);
    if (filter === undefined) {
      filter = asciiFilter(this.#query.forms[rank] ?? []);
      this.#filters.set(rank, filter);
    }
    return filter(text);
  }
}

const ASCII = /^[\x00-\x7f]*$/;
/** What may separate words in a text of ASCII, in every version. */
const SEPARATORS = '[^a-z0-9$+<=>^|~]';
/** Words of their own, without anything around them. */
const OWN_WORD = /[#@]/;
const PUNCTUATION = /[\p{P}--[#@]]/v;
const FILTERED_FORMS_MAX = 8;

/**
 * Tells of most texts that they do not have all of these forms, for a fraction of what folding costs. Of ASCII only case is
 * folded away, and words are put apart: a form is looked for as its words with separators between them.
 */
function asciiFilter(forms: readonly string[]): (content: string) => boolean {
  // Punctuation stands elsewhere in a folded text, and some of it as other signs.
  if (forms.some((form) => PUNCTUATION.test(form))) return () => true;
  const filters = forms.slice(0, FILTERED_FORMS_MAX).map((form) => {
    const words = form.trim().split(' ');
    const [only = ''] = words;
    if (words.length === 1) return (text: string) => text.includes(only);
    const pattern = new RegExp(words.map(separated).join(''));
    return (text: string) => pattern.test(text);
  });
  return (content) => {
    if (!ASCII.test(content)) return true;
    const lower = content.toLowerCase();
    return filters.every((filter) => filter(lower));
  };
}

/** A word as a pattern, with what separates it from the word before it. */
function separated(word: string, index: number, words: readonly string[]): string {
  const before = words[index - 1];
  if (before === undefined) return RegExp.escape(word);
  return `${SEPARATORS}${OWN_WORD.test(before + word) ? '*' : '+'}${RegExp.escape(word)}`;
}
