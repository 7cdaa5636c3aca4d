import {
  foldText,
  type Message,
  matches,
  PAGE_LIMIT_MAX,
  parseQuery,
  type SearchIndex,
  type SearchPosition,
  type SearchQuery,
  type SearchRequest,
  type Store,
} from '@parley/domain';

export interface CheckedPage {
  readonly hits: readonly Message[];
  /** The next page begins after this hit; undefined if there is none. */
  readonly next?: SearchPosition;
}

/** The index is asked for at least this many candidates (possible hits) at once. */
const LOOKED_AT_MIN = 20;
/** A page ends after this many candidates, or LOOKING_MS. So a short or even empty page can have a next one. */
const LOOKED_AT_MAX = 2_000;
const LOOKING_MS = 1_000;
/** Comparing texts blocks all other requests. So after this many ms a search yields to the event loop. */
const TURN_MS = 5;

/**
 * Ends with the last turn of the event loop that a search waits for. Each turn is for one search: its page may have
 * megabytes.
 */
let lastTurn = Promise.resolve();
function nextTurn(): Promise<void> {
  lastTurn = lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
  return lastTurn;
}

/**
 * Search over an index and the store. The index finds candidates; the store has their current text, which decides. So
 * an edit shows at once, and messages that no longer match are left out.
 */
export class CheckedSearch {
  readonly #index: SearchIndex;
  readonly #store: Pick<Store, 'messagesAt'>;

  constructor(index: SearchIndex, store: Pick<Store, 'messagesAt'>) {
    this.#index = index;
    this.#store = store;
  }

  /** Finds one page of hits. Rejects with Unavailable if the index or the store is unreachable or too slow. */
  async page(request: SearchRequest): Promise<CheckedPage> {
    const query = parseQuery(request.query);
    if (query.terms.length === 0) return { hits: [] };
    const deadline = performance.now() + LOOKING_MS;
    const hits: Message[] = [];
    let after = request.after;
    for (let lookedAt = 0; ; ) {
      const limit = Math.min(PAGE_LIMIT_MAX, Math.max(LOOKED_AT_MIN, request.limit - hits.length));
      const found = await this.#index.search({ ...request, limit, after });
      await nextTurn();
      const rows = found.rows ?? (await this.#matching(request, query, found.hits));
      const matching = new Map(rows.map((row) => [row.number, row]));
      const checked = found.hits.map(({ number }) => matching.get(number));
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
    { token, chat }: SearchRequest,
    query: SearchQuery,
    positions: readonly SearchPosition[],
  ): Promise<readonly Message[]> {
    const rows = await this.#store.messagesAt(
      token,
      chat,
      positions.map(({ number }) => number),
    );
    const matching: Message[] = [];
    let turnEnds = performance.now() + TURN_MS;
    for (const row of rows) {
      if (matches(foldText(row.content), query)) matching.push(row);
      if (performance.now() < turnEnds) continue;
      await nextTurn();
      turnEnds = performance.now() + TURN_MS;
    }
    return matching;
  }
}
