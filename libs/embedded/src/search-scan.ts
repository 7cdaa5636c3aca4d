import type { Database } from 'bun:sqlite';
import { type Message, SEARCH_RANK, type SearchPage, type SearchQuery, type SearchRequest } from '@parley/domain';
import { MESSAGE_COLUMNS, MESSAGE_ID, NUMBER_BITS } from './database.ts';
import { type Candidate, type Hit, Ranking } from './search-ranking.ts';
import type { SearchTable } from './search-tables.ts';

/** A search uses at most this many trigrams, because each one is looked up in the messages of all chats. */
const TRIGRAMS_MAX = 12;
const TRIGRAM = 3;
/** How long a search runs before others get their turn, in milliseconds. */
const SLICE_MS = 5;

const NUMBER_MASK = 2 ** NUMBER_BITS - 1;

/**
 * Runs one search, newest messages first, rank by rank. Each rank has its own forms and trigrams, so a search for whole
 * words need not read all texts that contain them as parts. If a rank's forms are too short for a trigram, this rank
 * and all later ones are searched together, through the whole chat. Yields when others may have a turn. No statement is
 * open then, so the database can restart its write-ahead log. Returns the page at its end, with its rows. Throws the
 * database's errors.
 */
export function* scan(
  database: Database,
  table: SearchTable,
  request: SearchRequest,
): Generator<undefined, SearchPage, undefined> {
  const query = table.parse(request.query);
  const chat = chatOf(database, request);
  if (query.terms.length === 0 || chat === null) return { hits: [], more: false, rows: [] };
  const ranking = new Ranking(database, table, request.query, chat.id);
  const turn = new Turn();
  const wanted = request.limit + 1;
  const hits: Hit[] = [];
  let rank = request.after?.rank ?? SEARCH_RANK.phrase;
  while (rank <= SEARCH_RANK.parts && hits.length < wanted) {
    const trigrams = trigramsOf(query.forms[rank] ?? []);
    const last = trigrams.length === 0 ? SEARCH_RANK.parts : rank;
    const found: Hit[][] = Array.from({ length: SEARCH_RANK.parts + 1 }, () => []);
    const best = found[rank] ?? [];
    const top = chat.highest + 1;
    const below = request.after?.rank === rank ? Math.min(request.after.number, top) : top;
    const range = { chatId: chat.id, below: last > rank ? top : below };
    const candidates = trigrams.length === 0 ? all(database, range) : withTrigrams(database, table, trigrams, range);
    for (const candidate of candidates) {
      if (turn.isOver()) yield;
      if (candidate === undefined) continue;
      const hit = ranking.of(candidate, last);
      if (hit === undefined || hit.rank < rank || hit.rank > last) continue;
      if (hit.rank === rank && candidate.number >= below) continue;
      const list = found[hit.rank] ?? [];
      if (list.length < wanted) list.push(hit);
      if (hits.length + best.length >= wanted) break;
    }
    hits.push(...found.flat());
    rank = last + 1;
    while (rank < SEARCH_RANK.parts && isSameAsBefore(query, rank)) rank += 1;
  }
  const shown = hits.slice(0, request.limit);
  return {
    hits: shown.map(({ rank, message }) => ({ rank, number: message.number })),
    more: hits.length >= wanted,
    rows: shown.map(({ message }) => message),
  };
}

/** Tells when the turn is over, and then begins the next one. */
class Turn {
  #ends = performance.now() + SLICE_MS;

  isOver(): boolean {
    const now = performance.now();
    if (now < this.#ends) return false;
    this.#ends = now + SLICE_MS;
    return true;
  }
}

function chatOf(database: Database, { token, chat }: SearchRequest): { id: number; highest: number } | null {
  return database
    .query<{ id: number; highest: number }, [string, number]>(
      `SELECT id, coalesce((SELECT max(m.id) & ${NUMBER_MASK} FROM messages m
         WHERE m.id BETWEEN chats.id << ${NUMBER_BITS} AND (chats.id << ${NUMBER_BITS}) + ${NUMBER_MASK}), 0) AS highest
       FROM chats WHERE token = ? AND number = ?`,
    )
    .get(token, chat);
}

/** A query of one term has equal forms for two ranks, so the second was searched already. */
function isSameAsBefore({ forms }: SearchQuery, rank: number): boolean {
  return String(forms[rank]) === String(forms[rank - 1]);
}

interface Range {
  readonly chatId: number;
  /** Only numbers below this one. */
  readonly below: number;
}

/** Rows that one statement reads. */
const ROWS_AT_ONCE = 200;

/** All messages below a number, the newest first. */
function* all(database: Database, { chatId, below }: Range): Generator<Candidate, void, undefined> {
  const read = database.query<Message, [number, number]>(
    `SELECT id & ${NUMBER_MASK} AS number, ${MESSAGE_COLUMNS} FROM messages
     WHERE id > ?1 << ${NUMBER_BITS} AND id < ${MESSAGE_ID} ORDER BY id DESC LIMIT ${ROWS_AT_ONCE}`,
  );
  for (let end = below; ; ) {
    const rows = read.all(chatId, end);
    for (const message of rows) yield { number: message.number, message };
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_AT_ONCE) return;
    end = last.number;
  }
}

/**
 * The number of candidates in one look-up. Few at first, because a search for a common word ends early. Then more,
 * because each look-up must find the position of each trigram again.
 */
const LOOKED_UP_MIN = 250;
const LOOKED_UP_MAX = 16_000;
/**
 * The range of numbers in the first look-up, which limits its time if candidates are rare. Then four times more each
 * time.
 */
const WINDOW_MIN = 64_000;

/** The messages below a number whose texts have the trigrams, newest first. Yields undefined between two look-ups. */
function* withTrigrams(
  database: Database,
  { name }: SearchTable,
  trigrams: readonly string[],
  { chatId, below }: Range,
): Generator<Candidate | undefined, void, undefined> {
  const lookUp = database.query<Candidate, [number, number, number, string, number]>(
    `SELECT rowid & ${NUMBER_MASK} AS number FROM ${name}
     WHERE ${name} MATCH ?4 AND rowid BETWEEN ${MESSAGE_ID} AND (?1 << ${NUMBER_BITS}) + ?3 - 1 ORDER BY rowid DESC LIMIT ?5`,
  );
  const match = trigrams.map(quoted).join(' ');
  let window = WINDOW_MIN;
  let limit = LOOKED_UP_MIN;
  for (let end = below; end > 1; ) {
    const start = Math.max(1, end - window);
    const found = lookUp.all(chatId, start, end, match, limit);
    yield undefined;
    yield* found;
    const isWhole = found.length < limit;
    end = isWhole ? start : (found.at(-1)?.number ?? start);
    if (isWhole) window *= 4;
    limit = Math.min(limit * 4, LOOKED_UP_MAX);
  }
}

/** Trigrams that a text with all forms has, at most TRIGRAMS_MAX. The first forms, the longest, give theirs first. */
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

/** A text as a string of FTS5's query language. Nothing in it is an operator. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
