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
  /** Where the next page begins; undefined if no more can follow. */
  readonly next?: SearchPosition;
}

/** The index is read in portions of at least this many candidates. Most candidates are hits. */
const LOOKED_AT_MIN = 20;
/** A page ends after this many candidates or this time, so a short or even empty page can have a next one. */
const LOOKED_AT_MAX = 2_000;
const LOOKING_MS = 1_000;
/** Comparing texts blocks all other requests, so after this time it yields to the event loop. */
const TURN_MS = 5;

/** Only one search of the process continues in each turn of the event loop: a page may have megabytes. */
let lastTurn = Promise.resolve();
function nextTurn(): Promise<void> {
  lastTurn = lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
  return lastTurn;
}

/**
 * Search over an index and the store. The index finds candidates; the store has their current text. So an edit shows at
 * once, and what no longer matches is left out.
 */
export class CheckedSearch {
  readonly #index: SearchIndex;
  readonly #store: Pick<Store, 'messagesAt'>;

  constructor(index: SearchIndex, store: Pick<Store, 'messagesAt'>) {
    this.#index = index;
    this.#store = store;
  }

  /** Rejects with Unavailable if the index or the store is unreachable or too slow. */
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

  /** The messages at these positions that exist and match, in any order. */
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
