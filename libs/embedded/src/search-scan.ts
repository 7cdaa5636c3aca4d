import type { Database } from 'bun:sqlite';
import { SEARCH_RANK, type SearchPage, type SearchQuery, type SearchRequest } from '@parley/domain';
import { MESSAGE_ID, NUMBER_BITS } from './database.ts';
import { MESSAGE_COLUMNS, type MessageRow } from './rows.ts';
import { type Candidate, type Hit, Ranking, type SearchedChat } from './search-ranking.ts';
import type { SearchTable } from './search-tables.ts';

/** A search looks up at most this many trigrams (three characters), because each is searched in all chats' messages. */
const TRIGRAMS_MAX = 12;
const TRIGRAM = 3;
/** How long a search runs before other searches get their turn. */
const SLICE_MS = 5;

const NUMBER_MASK = 2 ** NUMBER_BITS - 1;

/**
 * Runs one search, rank by rank, the newest messages first. Each rank requires other texts (forms), so a search for
 * whole words need not read all texts that contain them as parts. If a rank's forms are too short for a trigram, this
 * rank and all later ones are searched together, through the whole chat. Yields so that other searches get a turn; no
 * statement is open then, so the database can restart its write-ahead log. Returns the page, with its messages. Throws
 * the database's errors.
 */
export function* scan(
  database: Database,
  table: SearchTable,
  request: SearchRequest,
): Generator<undefined, SearchPage, undefined> {
  const query = table.parse(request.query);
  const chat = chatOf(database, request);
  if (query.terms.length === 0 || chat === null) return { hits: [], more: false, rows: [] };
  const ranking = new Ranking(database, table, request.query, chat);
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
    hits: shown.map(({ rank, message: { createdAt, chat, number } }) => ({ rank, createdAt, chat, number })),
    more: hits.length >= wanted,
    rows: shown.map(({ message }) => message),
  };
}

class Turn {
  #ends = performance.now() + SLICE_MS;

  isOver(): boolean {
    const now = performance.now();
    if (now < this.#ends) return false;
    this.#ends = now + SLICE_MS;
    return true;
  }
}

/** The chat; null if it is not stored, or it or its application was deleted. */
function chatOf(database: Database, { token, chat = 0 }: SearchRequest): (SearchedChat & { highest: number }) | null {
  return database
    .query<SearchedChat & { highest: number }, [string, number]>(
      `SELECT id, number, purged_through AS purgedThrough, coalesce((SELECT max(m.id) & ${NUMBER_MASK} FROM messages m
         WHERE m.id BETWEEN chats.id << ${NUMBER_BITS} AND (chats.id << ${NUMBER_BITS}) + ${NUMBER_MASK}), 0) AS highest
       FROM chats WHERE token = ?1 AND number = ?2 AND deleted_at IS NULL
         AND EXISTS (SELECT 1 FROM applications WHERE token = ?1 AND deleted_at IS NULL)`,
    )
    .get(token, chat);
}

/** Whether a rank has the same forms as the one before, as in a query of one term. Then it was searched already. */
function isSameAsBefore({ forms }: SearchQuery, rank: number): boolean {
  return String(forms[rank]) === String(forms[rank - 1]);
}

interface Range {
  readonly chatId: number;
  /** Only messages below this number are searched. */
  readonly below: number;
}

const ROWS_AT_ONCE = 200;

/** Yields all messages of a chat below a number, the newest first. */
function* all(database: Database, { chatId, below }: Range): Generator<Candidate, void, undefined> {
  const read = database.query<MessageRow, [number, number]>(
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
 * The limits of candidates in one look-up of trigrams. Few at first, because a search for a common word ends early.
 * Then four times more each time, because each look-up must find each trigram's position again.
 */
const LOOKED_UP_MIN = 250;
const LOOKED_UP_MAX = 16_000;
/**
 * The first look-up covers this many message numbers, so it ends soon even if candidates are rare. Each look-up that
 * saw its whole range makes the next range four times as large.
 */
const WINDOW_MIN = 64_000;

/**
 * Yields the messages of a chat below a number that have the trigrams, newest first, and undefined after each look-up,
 * so that the caller can pause.
 */
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

/**
 * At most TRIGRAMS_MAX trigrams that a text with all forms has; first those of the first forms, which are the longest.
 */
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

/** A text as a string literal of FTS5's query language: nothing in it is an operator. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
