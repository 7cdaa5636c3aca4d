import type { Database } from 'bun:sqlite';
import {
  rankOf,
  SEARCH_RANK,
  type SearchPage,
  type SearchPosition,
  type SearchQuery,
  type SearchRequest,
} from '@parley/domain';
import { NUMBER_BITS } from './database.ts';
import type { SearchTable } from './search-tables.ts';

/** So many trigrams narrow a search down: a query's time grows with each. */
const TRIGRAMS_MAX = 32;
const TRIGRAM = 3;
/** Numbers that one statement covers, so that its cost is bounded however many messages a chat has. */
const WINDOW_WITH_TRIGRAMS = 64_000;
const WINDOW_WITHOUT = 2_000;
/**
 * How long a search goes on before others get their turn, in milliseconds. A statement is open as long: while one is, the
 * log of the database cannot begin anew, and to begin one again in the middle of a large chat takes some milliseconds.
 */
const SLICE_MS = 20;

interface Row {
  readonly number: number;
  readonly content: string;
}

/**
 * One search, newest messages first, rank by rank: the forms of a rank have trigrams of their own, so whole words are
 * found without looking at all that contain them. The first rank whose forms are too short for a trigram is looked for
 * together with all that follow it, through the whole chat.
 * Yields where others may get their turn; answers the page at its end. Throws what the database throws.
 */
export function* scan(
  database: Database,
  table: SearchTable,
  request: SearchRequest,
): Generator<undefined, SearchPage, undefined> {
  const query = table.parse(request.query);
  const chat = chatOf(database, request);
  if (query.terms.length === 0 || chat === null) return { hits: [], more: false };
  const rankOfRow = ranking(table, query);
  const wanted = request.limit + 1;
  const hits: SearchPosition[] = [];
  let rank = request.after?.rank ?? SEARCH_RANK.phrase;
  while (rank <= SEARCH_RANK.parts && hits.length < wanted) {
    const trigrams = trigramsOf(query.forms[rank] ?? []);
    const last = trigrams.length === 0 ? SEARCH_RANK.parts : rank;
    const found: SearchPosition[][] = Array.from({ length: SEARCH_RANK.parts + 1 }, () => []);
    const best = found[rank] ?? [];
    const below = request.after?.rank === rank ? request.after.number : chat.highest + 1;
    for (const row of rows(database, table, {
      chatId: chat.id,
      trigrams,
      below: last > rank ? chat.highest + 1 : below,
    })) {
      if (row === undefined) {
        yield;
        continue;
      }
      const own = rankOfRow(row, last === SEARCH_RANK.parts);
      if (own === NO_MATCH || own < rank || own > last || (own === rank && row.number >= below)) continue;
      if ((found[own]?.length ?? 0) < wanted) found[own]?.push({ rank: own, number: row.number });
      if (hits.length + best.length >= wanted) break;
    }
    hits.push(...found.flat());
    rank = last + 1;
    while (rank < SEARCH_RANK.parts && isSameAsBefore(query, rank)) rank += 1;
  }
  return { hits: hits.slice(0, request.limit), more: hits.length >= wanted };
}

/** Ranks that are remembered, so that a later rank does not fold the same text again. */
const REMEMBERED_MAX = 200_000;
const NO_MATCH = -1;

/** The rank of a row's text, made once: what a rank has as candidates, the next one has too, unless it is the last. */
function ranking(table: SearchTable, query: SearchQuery): (row: Row, isLast: boolean) => number {
  const known = new Map<number, number>();
  const mayMatch = asciiFilter(query);
  return ({ number, content }, isLast) => {
    const before = known.size === 0 ? undefined : known.get(number);
    if (before !== undefined) return before;
    const rank = mayMatch(content) ? (rankOf(table.fold(content), query) ?? NO_MATCH) : NO_MATCH;
    if (!isLast && known.size < REMEMBERED_MAX) known.set(number, rank);
    return rank;
  };
}

const ASCII = /^[\x00-\x7f]*$/;
/** What may separate words in a text of ASCII, in every version. */
const SEPARATORS = '[^a-z0-9$+<=>^|~]';
/** Words of their own, without anything around them. */
const OWN_WORD = /[#@]/;
const PUNCTUATION = /[\p{P}--[#@]]/v;
const FILTERED_TERMS_MAX = 8;

/**
 * Tells of most texts that do not match that they do not, for a fraction of what folding them costs. Of ASCII only case is
 * folded away, and words are put apart: a term is looked for as its words with separators between them.
 */
function asciiFilter({ terms }: SearchQuery): (content: string) => boolean {
  // Punctuation stands elsewhere in a folded text, and some of it as other signs.
  if (terms.some((term) => PUNCTUATION.test(term))) return () => true;
  const filters = terms.slice(0, FILTERED_TERMS_MAX).map((term) => {
    if (!term.includes(' ')) return (text: string) => text.includes(term);
    const pattern = new RegExp(term.split(' ').map(separated).join(''));
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

function chatOf(database: Database, { token, chat }: SearchRequest): { id: number; highest: number } | null {
  return database
    .query<{ id: number; highest: number }, [string, number]>(
      `SELECT id, coalesce((SELECT max(m.id) & ${2 ** NUMBER_BITS - 1} FROM messages m
         WHERE m.id BETWEEN chats.id << ${NUMBER_BITS} AND (chats.id << ${NUMBER_BITS}) + ${2 ** NUMBER_BITS - 1}), 0) AS highest
       FROM chats WHERE token = ? AND number = ?`,
    )
    .get(token, chat);
}

/** A query of one term is its own phrase: it was looked for already. */
function isSameAsBefore({ forms }: SearchQuery, rank: number): boolean {
  return String(forms[rank]) === String(forms[rank - 1]);
}

/** The candidates below a number, the newest first, and undefined at least every few milliseconds. */
function* rows(
  database: Database,
  { name }: SearchTable,
  { chatId, trigrams, below }: { chatId: number; trigrams: readonly string[]; below: number },
): Generator<Row | undefined, void, undefined> {
  const candidates =
    trigrams.length === 0
      ? `messages m WHERE m.id`
      : `${name} f CROSS JOIN messages m ON m.id = f.rowid WHERE ${name} MATCH ?4 AND f.rowid`;
  const statement = database.prepare<Row, [number, number, number, string]>(
    `SELECT m.id & ${2 ** NUMBER_BITS - 1} AS number, m.content
     FROM ${candidates} BETWEEN (?1 << ${NUMBER_BITS}) + ?2 AND (?1 << ${NUMBER_BITS}) + ?3 - 1
       AND ?4 IS NOT NULL ORDER BY m.id DESC`,
  );
  const match = trigrams.map(quoted).join(' ');
  const window = trigrams.length === 0 ? WINDOW_WITHOUT : WINDOW_WITH_TRIGRAMS;
  let sliceEnds = performance.now() + SLICE_MS;
  try {
    for (let end = below; end > 1; ) {
      const start = Math.max(1, end - window);
      let reached = start;
      for (const row of statement.iterate(chatId, start, end, match)) {
        yield row;
        if (performance.now() < sliceEnds) continue;
        reached = row.number;
        break;
      }
      end = reached;
      if (performance.now() < sliceEnds) continue;
      yield undefined;
      sliceEnds = performance.now() + SLICE_MS;
    }
  } finally {
    statement.finalize();
  }
}

/** What every match has: trigrams of the longest forms first, as the forms come. */
function trigramsOf(forms: readonly string[]): string[] {
  const trigrams = new Set<string>();
  for (const form of forms) {
    const characters = [...form];
    for (let start = 0; start + TRIGRAM <= characters.length && trigrams.size < TRIGRAMS_MAX; start += 1) {
      trigrams.add(characters.slice(start, start + TRIGRAM).join(''));
    }
  }
  return [...trigrams];
}

/** A text as a string of FTS5's query language: nothing in it is an operator. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
