import type { Client, estypes } from '@elastic/elasticsearch';
import type { SearchPage, SearchRequest } from '@parley/domain';
import { applicationPage } from './application-page.ts';
import { call } from './call.ts';
import { IndexMissing, unavailable } from './errors.ts';
import type { Layout, Query } from './layout.ts';
import { LAYOUTS } from './layouts.ts';
import { rankedQuery, scopeOf, scoreOf, unrankedQuery } from './query.ts';

interface ReaderOptions {
  readonly alias: string;
  /** The limit for reading one page of hits. */
  readonly timeoutMs: number;
}

/** Runs searches and returns a page of hits, from the index behind the search alias. */
export class PageReader {
  readonly #client: Client;
  readonly #options: ReaderOptions;

  constructor(client: Client, options: ReaderOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * Searches the present mapping's index or, if it is missing, the earlier one's. Throws IndexMissing if both are, or if
   * the earlier one has not what the search needs.
   */
  async page(request: SearchRequest): Promise<SearchPage> {
    const deadline = performance.now() + this.#options.timeoutMs;
    let missing: unknown;
    for (const layout of LAYOUTS.values()) {
      if (request.chat === undefined && !layout.hasDetails) continue;
      try {
        return await this.#pageOf(layout, request, deadline);
      } catch (error) {
        if (!(error instanceof IndexMissing)) throw error;
        missing ??= error;
      }
    }
    throw missing;
  }

  async #pageOf(layout: Layout, request: SearchRequest, deadline: number): Promise<SearchPage> {
    const query = layout.parse(request.query);
    const { chat, chats } = request;
    const isInScope = chats === undefined || (chat === undefined ? chats.length > 0 : chats.includes(chat));
    if (query.terms.length === 0 || !isInScope) return { hits: [], more: false };
    const scope = scopeOf(request, layout);
    const isRanked = request.order !== 'newest';
    const asked = {
      index: layout.searchAlias(this.#options.alias),
      routing: layout.keys.routing(request.token),
    };
    const queryIn = (further: readonly Query[]) =>
      (isRanked ? rankedQuery : unrankedQuery)([...scope, ...further], query, layout);
    if (request.chat !== undefined)
      return this.#chatPage({ ...request, chat: request.chat }, { ...asked, query: queryIn([]) }, deadline);
    return applicationPage(request, layout.keys, ({ further = [], ...rest }) =>
      this.#ask(deadline, { ...asked, query: queryIn(further), ...rest }),
    );
  }

  /** A page of one chat's hits. Their numbers differ, so the order needs neither their times nor their ids. */
  async #chatPage(
    { chat, limit, after, order }: SearchRequest & { readonly chat: number },
    asked: estypes.SearchRequest & { readonly index: string },
    deadline: number,
  ): Promise<SearchPage> {
    const isRanked = order !== 'newest';
    const found = await this.#ask(deadline, {
      ...asked,
      stored_fields: '_none_',
      sort: [...(isRanked ? [{ _score: { order: 'desc' } } as const] : []), { number: { order: 'desc' } }],
      size: limit + 1, // one hit more than the page, to see whether more follow
      ...(after && { search_after: [...(isRanked ? [scoreOf(after.rank)] : []), after.number] }),
    });
    const hits = found.map(({ sort = [] }) => ({
      ...{ rank: isRanked ? scoreOf(Number(sort[0])) : 0, createdAt: 0 },
      ...{ chat, number: Number(sort.at(-1)) },
    }));
    return { hits: hits.slice(0, limit), more: hits.length > limit };
  }

  /** Sends a search. Returns the hits with their sort values, and their ids unless `stored_fields` is `_none_`. */
  async #ask(
    deadline: number,
    asked: estypes.SearchRequest & { readonly index: string },
  ): Promise<readonly Pick<estypes.SearchHit, '_id' | 'sort'>[]> {
    const milliseconds = deadline - performance.now();
    const answer = await call({ index: asked.index, milliseconds }, (options) =>
      this.#client.search(
        {
          ...asked,
          _source: false,
          track_total_hits: false,
          allow_partial_search_results: false,
          timeout: `${Math.ceil(milliseconds)}ms`,
          filter_path: 'timed_out,hits.hits.sort,hits.hits._id',
        },
        options,
      ),
    );
    if (answer.timed_out) throw unavailable('Search did not answer in time.');
    return answer.hits?.hits ?? [];
  }
}
