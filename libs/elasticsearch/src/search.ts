import type { Client, estypes } from '@elastic/elasticsearch';
import type { SearchPage, SearchRequest } from '@parley/domain';
import { call } from './call.ts';
import { IndexMissing, unavailable } from './errors.ts';
import type { Layout } from './layout.ts';
import { LAYOUTS } from './layouts.ts';
import { rankedQuery, scoreOf } from './query.ts';

interface ReaderOptions {
  readonly alias: string;
  /** The limit for reading one page of hits. */
  readonly timeoutMs: number;
}

/** Runs searches in a chat and returns a page of hits, from the index behind the search alias. */
export class PageReader {
  readonly #client: Client;
  readonly #options: ReaderOptions;

  constructor(client: Client, options: ReaderOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Searches the present mapping's index or, if it is missing, the earlier one's. Throws IndexMissing if both are. */
  async page(request: SearchRequest): Promise<SearchPage> {
    const deadline = performance.now() + this.#options.timeoutMs;
    let missing: unknown;
    for (const layout of LAYOUTS.values()) {
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
    const { token, chat, limit, after } = request;
    const query = layout.parse(request.query);
    if (query.terms.length === 0) return { hits: [], more: false };
    const { keys } = layout;
    const found = await this.#ask(layout.searchAlias(this.#options.alias), deadline, {
      routing: keys.routing(token),
      query: rankedQuery(keys.chat(token, chat), query, layout),
      sort: [{ _score: { order: 'desc' } }, { number: { order: 'desc' } }],
      size: limit + 1, // one hit more than the page, to see whether more follow
      ...(after === undefined ? {} : { search_after: [scoreOf(after.rank), after.number] }),
    });
    const hits = found.map(([score, number]) => ({ rank: scoreOf(Number(score)), number: Number(number) }));
    return { hits: hits.slice(0, limit), more: hits.length > limit };
  }

  /** Sends a search. Returns the sort values of each hit: score and message number. */
  async #ask(index: string, deadline: number, asked: estypes.SearchRequest): Promise<estypes.SortResults[]> {
    const milliseconds = deadline - performance.now();
    const answer = await call({ index, milliseconds }, (options) =>
      this.#client.search(
        {
          ...asked,
          index,
          _source: false,
          stored_fields: '_none_',
          track_total_hits: false,
          allow_partial_search_results: false,
          timeout: `${Math.ceil(milliseconds)}ms`,
          filter_path: 'timed_out,hits.hits.sort',
        },
        options,
      ),
    );
    if (answer.timed_out) throw unavailable('Search did not answer in time.');
    return (answer.hits?.hits ?? []).map(({ sort }) => sort ?? []);
  }
}
