import {
  foldText,
  matches,
  PAGE_LIMIT_MAX,
  type PlacedMessage,
  parseQuery,
  passesFilters,
  type SearchIndex,
  type SearchPosition,
  type SearchQuery,
  type SearchRequest,
  type Store,
} from '@parley/domain';
import { eachInTurns, nextTurn } from './turns.ts';

export interface CheckedPage {
  readonly hits: readonly PlacedMessage[];
  /** The next page begins after this hit; undefined if there is none. */
  readonly next?: SearchPosition;
}

/** The index is asked for at least this many candidates (possible hits) at once. */
const LOOKED_AT_MIN = 20;
/** A page ends after this many candidates, or LOOKING_MS. So a short or even empty page can have a next one. */
const LOOKED_AT_MAX = 2_000;
const LOOKING_MS = 1_000;

/**
 * Search over an index and the store. The index finds candidates; the store has the current messages, which decide. So
 * an edit or a delete shows at once, and messages that no longer match are left out.
 */
export class CheckedSearch {
  readonly #index: SearchIndex;
  readonly #store: Pick<Store, 'messagesAt'>;

  constructor(index: SearchIndex, store: Pick<Store, 'messagesAt'>) {
    this.#index = index;
    this.#store = store;
  }

  /** Finds one page of hits, only of `chats` whatever the index finds. Rejects with Unavailable if the index or the store is unreachable or too slow. */
  async page(request: SearchRequest): Promise<CheckedPage> {
    const query = parseQuery(request.query);
    if (query.terms.length === 0 || request.chats?.length === 0) return { hits: [] };
    const chats = request.chats && new Set(request.chats);
    const deadline = performance.now() + LOOKING_MS;
    const hits: PlacedMessage[] = [];
    let after = request.after;
    for (let lookedAt = 0; ; ) {
      const limit = Math.min(PAGE_LIMIT_MAX, Math.max(LOOKED_AT_MIN, request.limit - hits.length));
      const found = await this.#index.search({ ...request, limit, after });
      await nextTurn();
      const rows = found.rows ?? (await this.#matching(request, query, found.hits));
      const own = chats === undefined ? rows : rows.filter(({ chat }) => chats.has(chat));
      const matching = new Map(own.map((row) => [keyOf(row), row]));
      const checked = found.hits.map((hit) => matching.get(keyOf(hit)));
      for (const [position, message] of checked.entries()) {
        const isFull = hits.length === request.limit;
        if (isFull && message !== undefined) return { hits, ...(after && { next: after }) };
        if (!isFull) after = found.hits[position];
        if (message !== undefined) hits.push(message);
      }
      lookedAt += found.hits.length;
      if (!found.more) return { hits };
      if (hits.length === request.limit || lookedAt >= LOOKED_AT_MAX || performance.now() > deadline)
        return { hits, ...(after && { next: after }) };
    }
  }

  /** The messages at these positions that are in the store and match, in any order. */
  async #matching(
    request: SearchRequest,
    query: SearchQuery,
    positions: readonly SearchPosition[],
  ): Promise<readonly PlacedMessage[]> {
    const places = positions.map(({ chat, number }) => ({ chat, number }));
    const rows = await this.#store.messagesAt(request.token, places);
    const matching: PlacedMessage[] = [];
    await eachInTurns(rows, (row) => {
      if (passesFilters(row, request) && matches(foldText(row.content), query)) matching.push(row);
    });
    return matching;
  }
}

function keyOf({ chat, number }: { readonly chat: number; readonly number: number }): string {
  return `${chat}:${number}`;
}
