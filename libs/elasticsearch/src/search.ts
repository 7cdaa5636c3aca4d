import type { Client, estypes } from '@elastic/elasticsearch';
import {
  SEARCH_RANK,
  type SearchHit,
  type SearchPage,
  type SearchRequest,
  type SearchTerms,
  sequenceKey,
} from '@parley/domain';
import { call } from './call.ts';
import { unavailable } from './errors.ts';
import { boundedTerms, classQuery, fitsRankedQuery, type Query, rankedQuery, scoreOf } from './query.ts';

interface RankedHit extends SearchHit {
  readonly rank: number;
}

/** What Elasticsearch is asked for: a query and its order. */
interface Asked {
  readonly query: Query;
  /** Narrows the matches of the query. */
  post_filter?: Query;
  sort: estypes.SortCombinations[];
  readonly size: number;
  search_after?: number[];
}

/** Reads pages of a chat's matches from the index behind `alias`, each within `timeoutMs`. */
export class PageReader {
  readonly #client: Client;
  readonly #alias: string;
  readonly #timeoutMs: number;

  constructor(client: Client, alias: string, timeoutMs: number) {
    this.#client = client;
    this.#alias = alias;
    this.#timeoutMs = timeoutMs;
  }

  async page(request: SearchRequest): Promise<SearchPage> {
    const terms = boundedTerms(request.query);
    if (terms.terms.length === 0) return { hits: [] };
    const deadline = performance.now() + this.#timeoutMs;
    const found = fitsRankedQuery(terms)
      ? await this.#ranked(request, terms, deadline)
      : await this.#byClass(request, terms, deadline);
    return page(found, request.limit);
  }

  async #ranked({ token, chat, limit, after }: SearchRequest, terms: SearchTerms, deadline: number) {
    const hits = await this.#ask(token, deadline, {
      query: rankedQuery(sequenceKey({ kind: 'messages', token, chat }), terms),
      sort: [{ _score: { order: 'desc' } }, { number: { order: 'desc' } }],
      size: limit + 1,
      ...(after === undefined ? {} : { search_after: [scoreOf(after.rank), after.number] }),
    });
    return hits.map(({ content, sort: [score, number] }) => ranked(content, number, scoreOf(Number(score))));
  }

  /** Asks for one class after the other until the page is full: for queries too long to ask for all at once. */
  async #byClass({ token, chat, limit, after }: SearchRequest, terms: SearchTerms, deadline: number) {
    const found: RankedHit[] = [];
    const key = sequenceKey({ kind: 'messages', token, chat });
    for (let rank = after?.rank ?? SEARCH_RANK.phrase; rank <= SEARCH_RANK.parts && found.length <= limit; rank += 1) {
      const hits = await this.#ask(token, deadline, {
        ...classQuery(key, terms, rank),
        sort: [{ number: { order: 'desc' } }],
        size: limit + 1 - found.length,
        ...(after !== undefined && after.rank === rank ? { search_after: [after.number] } : {}),
      });
      found.push(...hits.map(({ content, sort: [number] }) => ranked(content, number, rank)));
    }
    return found;
  }

  async #ask(routing: string, deadline: number, asked: Asked) {
    const milliseconds = deadline - performance.now();
    const answer = await call({ index: this.#alias, milliseconds }, (options) =>
      this.#client.search<{ content: string }>(
        {
          ...asked,
          index: this.#alias,
          routing,
          _source: ['content'],
          track_total_hits: false,
          allow_partial_search_results: false,
          timeout: `${Math.ceil(milliseconds)}ms`,
          filter_path: 'timed_out,hits.hits._source,hits.hits.sort',
        },
        options,
      ),
    );
    if (answer.timed_out) throw unavailable('Search did not answer in time.');
    return (answer.hits?.hits ?? []).map(({ _source, sort }) => ({
      content: _source?.content ?? '',
      sort: sort ?? [],
    }));
  }
}

function ranked(content: string, number: estypes.FieldValue | undefined, rank: number): RankedHit {
  return { number: Number(number), content, rank };
}

/** One hit more than asked for was looked for: it tells whether more follow. */
function page(found: readonly RankedHit[], limit: number): SearchPage {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const hits = shown.map(({ number, content }) => ({ number, content }));
  if (found.length <= limit || last === undefined) return { hits };
  return { hits, next: { rank: last.rank, number: last.number } };
}
