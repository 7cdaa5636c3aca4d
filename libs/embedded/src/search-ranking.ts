import type { Database } from 'bun:sqlite';
import {
  foldText,
  matches,
  type PlacedMessage,
  parseQuery,
  passesFilters,
  rankOf,
  SEARCH_RANK,
  type SearchPage,
  type SearchQuery,
  type SearchRequest,
} from '@parley/domain';
import { MESSAGE_ID } from './database.ts';
import { MESSAGE_COLUMNS, type MessageRow, messageOf } from './rows.ts';
import type { Candidate } from './search-candidates.ts';
import type { SearchTable } from './search-tables.ts';

/** The limit of the ranks that one search remembers, so that it does not fold the same text again for a later rank. */
const REMEMBERED_MAX = 200_000;
const NO_MATCH = -1;

/** A chat that is there. Its messages up to `purgedThrough` are not. */
export interface SearchedChat {
  readonly id: number;
  readonly number: number;
  readonly purgedThrough: number;
}

export interface Hit {
  readonly rank: number;
  readonly chat: SearchedChat;
  readonly number: number;
  readonly createdAt: number;
  /** The version of the message that was found to match. */
  readonly version: number;
}

/** Ranks candidates, folding (normalizing) as few texts as possible, because folding takes most of a search's time. */
export class Ranking {
  readonly #table: SearchTable;
  readonly #request: SearchRequest;
  readonly #query: SearchQuery;
  /** The query by the present version's rules, if the search table has an earlier one: hits must match it too. */
  readonly #shown: SearchQuery | undefined;
  readonly #read;
  readonly #readPresent;
  readonly #filters = new Map<number, (content: string) => boolean>();
  /** The ranks of messages by their numbers, for each chat. */
  readonly #known = new Map<SearchedChat['id'], Map<number, number>>();
  #remembered = 0;

  constructor(database: Database, table: SearchTable, request: SearchRequest) {
    this.#table = table;
    this.#request = request;
    this.#query = table.parse(request.query);
    this.#shown = table.fold === foldText ? undefined : parseQuery(request.query);
    const read = `SELECT ?2 AS number, ${MESSAGE_COLUMNS} FROM messages WHERE id = ${MESSAGE_ID} AND deleted_at IS NULL`;
    this.#read = database.query<MessageRow, [number, number]>(read);
    // A new chat may have the id of one that was removed: so its application and its number count too.
    this.#readPresent = database.query<MessageRow, [number, number, string, number]>(
      `${read} AND EXISTS (SELECT 1 FROM chats c JOIN applications a ON a.token = c.token
         WHERE c.id = ?1 AND c.token = ?3 AND c.number = ?4 AND c.deleted_at IS NULL AND c.purged_through < ?2
           AND a.deleted_at IS NULL)`,
    );
  }

  /**
   * The rank of a candidate in its chat; undefined if it does not match, sometimes also if it ranks below `last`.
   */
  of({ number, message }: Candidate, chat: SearchedChat, last: number): Hit | undefined {
    if (number <= chat.purgedThrough) return undefined;
    const known = this.#known.get(chat.id)?.get(number);
    if (known === NO_MATCH || (known !== undefined && known > last)) return undefined;
    const now = message ?? this.#read.get(chat.id, number) ?? undefined;
    if (now === undefined || now.deletedAt !== null || !this.#isAskedFor(now)) return undefined;
    const hit = { chat, number, createdAt: now.createdAt, version: now.version };
    if (known !== undefined) return { rank: known, ...hit };
    if (!this.#mayHave(now.content, last)) return undefined;
    const rank = this.#rankOf(now.content);
    // After the last rank no text is folded again, so ranks need not be remembered.
    if (last < SEARCH_RANK.parts) this.#remember(chat, number, rank);
    return rank === NO_MATCH ? undefined : { rank, ...hit };
  }

  /**
   * The message of a hit as it is now. Undefined if it, its chat or its application was deleted since the hit was found,
   * or if it was changed and does not match any more: a search runs for several turns.
   */
  present({ chat, number, version }: Hit): PlacedMessage | undefined {
    const row = this.#readPresent.get(chat.id, number, this.#request.token, chat.number);
    if (row === null) return undefined;
    if (row.version !== version && this.#rankOf(row.content) === NO_MATCH) return undefined;
    return { ...messageOf(row), chat: chat.number };
  }

  #isAskedFor({ senderId, createdAt }: MessageRow): boolean {
    return passesFilters({ senderId: senderId ?? undefined, createdAt }, this.#request);
  }

  #remember(chat: SearchedChat, number: number, rank: number): void {
    if (this.#remembered >= REMEMBERED_MAX) return;
    this.#remembered += 1;
    const known = this.#known.get(chat.id);
    if (known === undefined) this.#known.set(chat.id, new Map([[number, rank]]));
    else known.set(number, rank);
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

/** The page of the hits, in their order. `hits` has one more than the page if more follow. */
export function pageOf(ranking: Ranking, { limit, chat, order }: SearchRequest, hits: readonly Hit[]): SearchPage {
  const shown = hits.slice(0, limit);
  return {
    hits: shown.map((hit) => ({
      rank: order === 'newest' ? 0 : hit.rank,
      createdAt: chat === undefined ? hit.createdAt : 0,
      ...{ chat: hit.chat.number, number: hit.number },
    })),
    more: hits.length > limit,
    rows: shown.flatMap((hit) => ranking.present(hit) ?? []),
  };
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
