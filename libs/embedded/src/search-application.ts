import type { Database } from 'bun:sqlite';
import {
  comparePositions,
  SEARCH_RANK,
  type SearchPage,
  type SearchPosition,
  type SearchRequest,
  type Token,
} from '@parley/domain';
import {
  all,
  amongChats,
  BEYOND_NUMBERS,
  type Candidate,
  Turn,
  trigramsOf,
  WINDOW_MIN,
  withTrigrams,
} from './search-candidates.ts';
import { type Hit, pageOf, Ranking, type SearchedChat } from './search-ranking.ts';
import type { SearchTable } from './search-tables.ts';

/**
 * Searches all chats of an application, or some, rank by rank as in a chat. Rows are not sorted by time across chats, so each
 * rank looks at all its candidates and keeps the best. A search that takes too long ends with its deadline.
 */
export function* scanApplication(
  database: Database,
  table: SearchTable,
  request: SearchRequest,
): Generator<undefined, SearchPage, undefined> {
  const { token, limit, after } = request;
  const { terms, forms } = table.parse(request.query);
  if (terms.length === 0 || !isThere(database, token)) return { hits: [], more: false, rows: [] };
  const ranking = new Ranking(database, table, request);
  const turn = new Turn();
  const wanted = limit + 1;
  const hits: Hit[] = [];
  const isRanked = request.order !== 'newest';
  let rank: number = isRanked ? (after?.rank ?? SEARCH_RANK.phrase) : SEARCH_RANK.parts;
  while (rank <= SEARCH_RANK.parts && hits.length < wanted) {
    const trigrams = trigramsOf(forms[rank] ?? []);
    const last = trigrams.length === 0 ? SEARCH_RANK.parts : rank;
    const best = new Best(wanted - hits.length, isRanked);
    for (const area of areasOf(database, request)) {
      if (turn.isOver()) yield;
      if (area === undefined) continue;
      for (const candidate of candidatesIn(database, table, trigrams, area)) {
        if (turn.isOver()) yield;
        const chat = candidate && area.chats.get(candidate.chatId);
        if (candidate === undefined || chat === undefined) continue;
        const hit = ranking.of(candidate, chat, last);
        if (hit === undefined || (isRanked && (hit.rank < rank || hit.rank > last))) continue;
        if (after === undefined || comparePositions(after, positionOf(hit, isRanked)) < 0) best.add(hit);
      }
    }
    hits.push(...best.sorted());
    rank = last + 1;
    while (rank < SEARCH_RANK.parts && String(forms[rank]) === String(forms[rank - 1])) rank += 1;
  }
  return pageOf(ranking, request, hits);
}

function isThere(database: Database, token: Token): boolean {
  const read = database.query<object, [string]>('SELECT 1 FROM applications WHERE token = ? AND deleted_at IS NULL');
  return read.get(token) !== null;
}

/** Chats with ids `lowest` to `highest`. `chats`: those that are searched, by id. */
interface Area {
  readonly lowest: number;
  readonly highest: number;
  readonly chats: ReadonlyMap<number, SearchedChat>;
  /** How many messages all chats with these ids have. */
  readonly messages: number;
}

const CHATS_AT_ONCE = 500;

interface ChatRow extends SearchedChat {
  readonly messages: number;
  /** Whether it is searched. */
  readonly isOwn: 0 | 1;
}

const CHAT_COLUMNS = 'id, number, purged_through AS purgedThrough, messages_count AS messages';

/**
 * Yields areas that have all chats of the search, and undefined after each statement. An area has at most WINDOW_MIN
 * messages, those of other chats included, or one chat: so a look-up in it ends soon.
 */
function areasOf(database: Database, { token, chats }: SearchRequest): Generator<Area | undefined, void, undefined> {
  return chats === undefined ? areasOfAll(database, token) : areasOfSome(database, token, JSON.stringify(chats));
}

function* areasOfAll(database: Database, token: Token): Generator<Area | undefined, void, undefined> {
  const bounds = database.query<{ lowest: number | null; highest: number | null }, [string]>(
    'SELECT min(id) AS lowest, max(id) AS highest FROM chats WHERE token = ?',
  );
  const { lowest, highest } = bounds.get(token) ?? {};
  yield undefined;
  if (lowest != null && highest != null) yield* areasBetween(database, token, { lowest, highest }, null);
}

/** Some chats are looked at together if at most this many times as many ids are between the first and the last. */
const SPARSE = 20;

/** `numbers`: those of the chats, as JSON. */
function* areasOfSome(database: Database, token: Token, numbers: string): Generator<Area | undefined, void, undefined> {
  const read = database.query<ChatRow, [string, string]>(
    `SELECT ${CHAT_COLUMNS}, 1 AS isOwn FROM chats
     WHERE token = ?1 AND number IN (SELECT value FROM json_each(?2)) AND deleted_at IS NULL ORDER BY id`,
  );
  const rows = read.all(token, numbers);
  yield undefined;
  const [lowest, highest] = [rows[0]?.id, rows.at(-1)?.id];
  if (lowest === undefined || highest === undefined) return;
  if (highest - lowest < SPARSE * rows.length) yield* areasBetween(database, token, { lowest, highest }, numbers);
  else for (const row of rows) yield* grouped([row]);
}

/** The areas of all chats with ids in these bounds. `numbers`: null, or those of the searched chats, as JSON. */
function* areasBetween(
  database: Database,
  token: Token,
  { lowest, highest }: Pick<Area, 'lowest' | 'highest'>,
  numbers: string | null,
): Generator<Area | undefined, void, undefined> {
  const read = database.query<ChatRow, [string, number, number, string | null]>(
    `SELECT ${CHAT_COLUMNS}, token = ?1 AND deleted_at IS NULL
       AND (?4 IS NULL OR number IN (SELECT value FROM json_each(?4))) AS isOwn
     FROM chats WHERE id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT ${CHATS_AT_ONCE}`,
  );
  for (let top = highest; top >= lowest; ) {
    const rows = read.all(token, lowest, top, numbers);
    yield undefined;
    yield* grouped(rows);
    if (rows.length < CHATS_AT_ONCE) return;
    top = (rows.at(-1)?.id ?? lowest) - 1;
  }
}

function* grouped(rows: readonly ChatRow[]): Generator<Area, void, undefined> {
  let group: ChatRow[] = [];
  let messages = 0;
  const area = (): Area => {
    const chats = new Map(group.filter(({ isOwn }) => isOwn === 1).map((chat) => [chat.id, chat]));
    return { lowest: group.at(-1)?.id ?? 0, highest: group[0]?.id ?? 0, chats, messages };
  };
  for (const row of rows) {
    if (group.length > 0 && messages + row.messages > WINDOW_MIN) {
      yield area();
      group = [];
      messages = 0;
    }
    group.push(row);
    messages += row.messages;
  }
  if (group.length > 0) yield area();
}

function* candidatesIn(
  database: Database,
  table: SearchTable,
  trigrams: readonly string[],
  area: Area,
): Generator<Candidate | undefined, void, undefined> {
  if (area.chats.size === 0) return;
  if (trigrams.length > 0 && area.messages <= WINDOW_MIN) return yield* amongChats(database, table, trigrams, area);
  for (const chatId of area.chats.keys()) {
    const range = { chatId, below: BEYOND_NUMBERS };
    if (trigrams.length === 0) yield* all(database, range);
    else yield* withTrigrams(database, table, trigrams, range);
    yield undefined;
  }
}

function positionOf({ rank, chat, number, createdAt }: Hit, isRanked: boolean): SearchPosition {
  return { rank: isRanked ? rank : 0, createdAt, chat: chat.number, number };
}

/** The best hits of those that were added. */
class Best {
  readonly #max: number;
  readonly #isRanked: boolean;
  #hits: { readonly hit: Hit; readonly position: SearchPosition }[] = [];
  /** A hit after this position is not among the best. */
  #worst: SearchPosition | undefined;

  constructor(max: number, isRanked: boolean) {
    this.#max = max;
    this.#isRanked = isRanked;
  }

  add(hit: Hit): void {
    const position = positionOf(hit, this.#isRanked);
    if (this.#worst !== undefined && comparePositions(this.#worst, position) < 0) return;
    this.#hits.push({ hit, position });
    if (this.#hits.length >= 2 * this.#max) this.#cut();
  }

  sorted(): readonly Hit[] {
    this.#cut();
    return this.#hits.map(({ hit }) => hit);
  }

  #cut(): void {
    this.#hits = this.#hits.toSorted((a, b) => comparePositions(a.position, b.position)).slice(0, this.#max);
    if (this.#hits.length === this.#max) this.#worst = this.#hits.at(-1)?.position;
  }
}
