import type { Database } from 'bun:sqlite';
import {
  foldText,
  matches,
  type PlacedMessage,
  parseQuery,
  rankOf,
  SEARCH_RANK,
  type SearchQuery,
} from '@parley/domain';
import { MESSAGE_ID } from './database.ts';
import { MESSAGE_COLUMNS, type MessageRow, messageOf } from './rows.ts';
import type { SearchTable } from './search-tables.ts';

/** The limit of the ranks that one search remembers, so that it does not fold the same text again for a later rank. */
const REMEMBERED_MAX = 200_000;
const NO_MATCH = -1;

/** A message that may match. `message` is missing if only its number was read yet. */
export interface Candidate {
  readonly number: number;
  readonly message?: MessageRow;
}

/** A chat that is there. Its messages up to `purgedThrough` are not. */
export interface SearchedChat {
  readonly id: number;
  readonly number: number;
  readonly purgedThrough: number;
}

export interface Hit {
  readonly rank: number;
  readonly message: PlacedMessage;
}

/** Ranks candidates, folding (normalizing) as few texts as possible, because folding takes most of a search's time. */
export class Ranking {
  readonly #table: SearchTable;
  readonly #query: SearchQuery;
  /** The query by the present version's rules, if the search table has an earlier one: hits must match it too. */
  readonly #shown: SearchQuery | undefined;
  readonly #chat: SearchedChat;
  readonly #read;
  readonly #filters = new Map<number, (content: string) => boolean>();
  readonly #known = new Map<number, number>();

  constructor(database: Database, table: SearchTable, text: string, chat: SearchedChat) {
    this.#table = table;
    this.#query = table.parse(text);
    this.#shown = table.fold === foldText ? undefined : parseQuery(text);
    this.#chat = chat;
    this.#read = database.query<MessageRow, [number, number]>(
      `SELECT ?2 AS number, ${MESSAGE_COLUMNS} FROM messages WHERE id = ${MESSAGE_ID}`,
    );
  }

  /**
   * A candidate's present content and rank; undefined if it does not match, sometimes also if it ranks below `last`.
   */
  of({ number, message }: Candidate, last: number): Hit | undefined {
    const known = this.#known.get(number);
    if (known === NO_MATCH || (known !== undefined && known > last)) return undefined;
    const now = message ?? this.#read.get(this.#chat.id, number) ?? undefined;
    if (now === undefined || now.deletedAt !== null || number <= this.#chat.purgedThrough) return undefined;
    if (known !== undefined) return { rank: known, message: this.#placed(now) };
    if (!this.#mayHave(now.content, last)) return undefined;
    const rank = this.#rankOf(now.content);
    // After the last rank no text is folded again, so ranks need not be remembered.
    if (last < SEARCH_RANK.parts && this.#known.size < REMEMBERED_MAX) this.#known.set(number, rank);
    return rank === NO_MATCH ? undefined : { rank, message: this.#placed(now) };
  }

  #placed(row: MessageRow): PlacedMessage {
    return { ...messageOf(row), chat: this.#chat.number };
  }

  #rankOf(content: string): number {
    const rank = rankOf(this.#table.fold(content), this.#query);
    if (rank === undefined || (this.#shown && !matches(foldText(content), this.#shown))) return NO_MATCH;
    return rank;
  }

  /** Whether a text may have all forms (required texts) of a rank. A text that has those of a better rank does. */
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
/** Characters that may separate words in an ASCII text, in every version of folding. */
const SEPARATORS = '[^a-z0-9$+<=>^|~]';
/** Folding makes each of these a word, so it needs no separator. */
const OWN_WORD = /[#@]/;
const PUNCTUATION = /[\p{P}--[#@]]/v;
const FILTERED_FORMS_MAX = 8;

/**
 * Returns a filter that excludes most texts without these forms (required texts), much faster than folding. Folding an
 * ASCII text only changes case and separates words, so a form's words are searched with separators between them. Other
 * texts always pass.
 */
function asciiFilter(forms: readonly string[]): (content: string) => boolean {
  // Folding moves and replaces punctuation, so a form with punctuation cannot be found in an unfolded text.
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

/** A pattern for a word and the separators between it and the word before. */
function separated(word: string, index: number, words: readonly string[]): string {
  const before = words[index - 1];
  if (before === undefined) return RegExp.escape(word);
  return `${SEPARATORS}${OWN_WORD.test(before + word) ? '*' : '+'}${RegExp.escape(word)}`;
}
