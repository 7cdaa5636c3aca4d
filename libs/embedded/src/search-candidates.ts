/** The messages that a search must look at: all of a chat, or those with the trigrams of a query. */
import type { Database } from 'bun:sqlite';
import { MESSAGE_ID, NUMBER_BITS, NUMBER_MASK } from './database.ts';
import { MESSAGE_COLUMNS, type MessageRow } from './rows.ts';
import type { SearchTable } from './search-tables.ts';

/** A message that may match. `message` is missing if only its place was read yet. */
export interface Candidate {
  readonly chatId: number;
  readonly number: number;
  readonly message?: MessageRow;
}

export interface Range {
  readonly chatId: number;
  /** Only messages below this number are searched. */
  readonly below: number;
}

/** Above every number of a message. */
export const BEYOND_NUMBERS = NUMBER_MASK + 1;
/** A search looks up at most this many trigrams (three characters), because each is searched in all chats' messages. */
const TRIGRAMS_MAX = 12;
const TRIGRAM = 3;
/** How long a search runs before other searches get their turn. */
const SLICE_MS = 5;

export class Turn {
  #ends = performance.now() + SLICE_MS;

  isOver(): boolean {
    const now = performance.now();
    if (now < this.#ends) return false;
    this.#ends = now + SLICE_MS;
    return true;
  }
}

const ROWS_AT_ONCE = 200;

/** Yields all messages of a chat below a number, the newest first. */
export function* all(database: Database, { chatId, below }: Range): Generator<Candidate, void, undefined> {
  const read = database.query<MessageRow, [number, number]>(
    `SELECT id & ${NUMBER_MASK} AS number, ${MESSAGE_COLUMNS} FROM messages
     WHERE id > ?1 << ${NUMBER_BITS} AND id < ${MESSAGE_ID} ORDER BY id DESC LIMIT ${ROWS_AT_ONCE}`,
  );
  for (let end = below; ; ) {
    const rows = read.all(chatId, end);
    for (const message of rows) yield { chatId, number: message.number, message };
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
export const WINDOW_MIN = 64_000;

/**
 * Yields the messages of a chat below a number that have the trigrams, newest first, and undefined after each look-up,
 * so that the caller can pause.
 */
export function* withTrigrams(
  database: Database,
  { name }: SearchTable,
  trigrams: readonly string[],
  { chatId, below }: Range,
): Generator<Candidate | undefined, void, undefined> {
  const lookUp = database.query<Candidate, [number, number, number, string, number]>(
    `SELECT ?1 AS chatId, rowid & ${NUMBER_MASK} AS number FROM ${name}
     WHERE ${name} MATCH ?4 AND rowid BETWEEN ${MESSAGE_ID} AND (?1 << ${NUMBER_BITS}) + ?3 - 1 ORDER BY rowid DESC LIMIT ?5`,
  );
  const match = matchOf(trigrams);
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

const LOOKED_UP_AMONG_CHATS = 4_000;

/** Yields the messages with the trigrams in the chats with ids `lowest` to `highest`, and undefined as `withTrigrams`. */
export function* amongChats(
  database: Database,
  { name }: SearchTable,
  trigrams: readonly string[],
  { lowest, highest }: { readonly lowest: number; readonly highest: number },
): Generator<Candidate | undefined, void, undefined> {
  const lookUp = database.query<Candidate, [number, number, number, string]>(
    `SELECT rowid >> ${NUMBER_BITS} AS chatId, rowid & ${NUMBER_MASK} AS number FROM ${name}
     WHERE ${name} MATCH ?4 AND rowid >= ?3 << ${NUMBER_BITS} AND rowid < ${MESSAGE_ID}
     ORDER BY rowid DESC LIMIT ${LOOKED_UP_AMONG_CHATS}`,
  );
  const match = matchOf(trigrams);
  for (let end: Candidate = { chatId: highest, number: BEYOND_NUMBERS }; ; ) {
    const found = lookUp.all(end.chatId, end.number, lowest, match);
    yield undefined;
    yield* found;
    const last = found.at(-1);
    if (last === undefined || found.length < LOOKED_UP_AMONG_CHATS) return;
    end = last;
  }
}

/**
 * At most TRIGRAMS_MAX trigrams that a text with all forms has; first those of the first forms, which are the longest.
 */
export function trigramsOf(forms: readonly string[]): string[] {
  const trigrams = new Set<string>();
  for (const form of forms) {
    const characters = [...form];
    for (let start = 0; start + TRIGRAM <= characters.length && trigrams.size < TRIGRAMS_MAX; start += 1) {
      trigrams.add(characters.slice(start, start + TRIGRAM).join(''));
    }
  }
  return [...trigrams];
}

/** A search for all trigrams in FTS5's query language. As literals of strings, nothing in them is an operator. */
function matchOf(trigrams: readonly string[]): string {
  return trigrams.map((text) => `"${text.replaceAll('"', '""')}"`).join(' ');
}
