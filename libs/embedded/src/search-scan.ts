import type { Database } from 'bun:sqlite';
import { SEARCH_RANK, type SearchPage, type SearchQuery, type SearchRequest } from '@parley/domain';
import { NUMBER_BITS, NUMBER_MASK } from './database.ts';
import { scanApplication } from './search-application.ts';
import { all, Turn, trigramsOf, withTrigrams } from './search-candidates.ts';
import { type Hit, pageOf, Ranking, type SearchedChat } from './search-ranking.ts';
import type { SearchTable } from './search-tables.ts';

/**
 * Runs one search. Yields so that other searches get a turn; no statement is open then, so the database can restart its
 * write-ahead log. Returns the page, with its messages as they are at its end. Throws the database's errors.
 */
export function scan(
  database: Database,
  table: SearchTable,
  request: SearchRequest,
): Generator<undefined, SearchPage, undefined> {
  const { chat, chats } = request;
  if (chat === undefined) return scanApplication(database, table, request);
  if (chats !== undefined && !chats.includes(chat)) return scanNothing();
  return scanChat(database, table, { ...request, chat });
}

// biome-ignore lint/correctness/useYield: it is over at once
function* scanNothing(): Generator<undefined, SearchPage, undefined> {
  return { hits: [], more: false, rows: [] };
}

/**
 * Searches a chat rank by rank, the newest messages first. Each rank requires other texts (forms), so a search for
 * whole words need not read all texts that contain them as parts. If a rank's forms are too short for a trigram, this
 * rank and all later ones are searched together, through the whole chat. In the order `newest` all ranks count as the
 * last, which has the forms of all.
 */
function* scanChat(
  database: Database,
  table: SearchTable,
  request: SearchRequest & { readonly chat: number },
): Generator<undefined, SearchPage, undefined> {
  const { limit, after } = request;
  const query = table.parse(request.query);
  const chat = chatOf(database, request);
  if (query.terms.length === 0 || chat === null) return { hits: [], more: false, rows: [] };
  const ranking = new Ranking(database, table, request);
  const turn = new Turn();
  const wanted = limit + 1;
  const hits: Hit[] = [];
  const isRanked = request.order !== 'newest';
  const first = isRanked ? (after?.rank ?? SEARCH_RANK.phrase) : SEARCH_RANK.parts;
  let rank: number = first;
  while (rank <= SEARCH_RANK.parts && hits.length < wanted) {
    const trigrams = trigramsOf(query.forms[rank] ?? []);
    const last = trigrams.length === 0 ? SEARCH_RANK.parts : rank;
    const found: Hit[][] = Array.from({ length: SEARCH_RANK.parts + 1 }, () => []);
    const best = found[rank] ?? [];
    const top = chat.highest + 1;
    const below = after !== undefined && rank === first ? Math.min(after.number, top) : top;
    const range = { chatId: chat.id, below: last > rank ? top : below };
    const candidates = trigrams.length === 0 ? all(database, range) : withTrigrams(database, table, trigrams, range);
    for (const candidate of candidates) {
      if (turn.isOver()) yield;
      if (candidate === undefined) continue;
      const hit = ranking.of(candidate, chat, last);
      if (hit === undefined) continue;
      const place = isRanked ? hit.rank : rank;
      if (place < rank || place > last || (place === rank && candidate.number >= below)) continue;
      const list = found[place] ?? [];
      if (list.length < wanted) list.push(hit);
      if (hits.length + best.length >= wanted) break;
    }
    hits.push(...found.flat());
    rank = last + 1;
    while (rank < SEARCH_RANK.parts && isSameAsBefore(query, rank)) rank += 1;
  }
  return pageOf(ranking, request, hits);
}

/** The chat; null if it is not stored, or it or its application was deleted. */
function chatOf(
  database: Database,
  { token, chat }: { readonly token: string; readonly chat: number },
): (SearchedChat & { highest: number }) | null {
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
