/**
 * Pages of a search over all chats of an application, in the order of SearchPosition: rank, time, number, chat.
 *
 * Elasticsearch sorts by the first three. It cannot sort by the chat, because the mapping keeps no sortable chat. Hits
 * that are equal in the three (a *tie*: messages of one number and time in different chats) come in any order, so they
 * are sorted here. That needs the whole tie: a page never ends inside a tie that was read only in part.
 */
import type { estypes } from '@elastic/elasticsearch';
import { comparePositions, NUMBER_MAX, type SearchPage, type SearchPosition, type SearchRequest } from '@parley/domain';
import type { Keys } from './keys.ts';
import type { Query } from './layout.ts';
import { scoreOf } from './query.ts';

interface Asked {
  readonly sort: estypes.SortCombinations[];
  readonly size: number;
  readonly search_after?: number[];
  /** Conditions besides those of the search. */
  readonly further?: readonly Query[];
}
type Ask = (asked: Asked) => Promise<readonly Pick<estypes.SearchHit, '_id' | 'sort'>[]>;

/** So many hits are read beyond a page: mostly enough to see the end of the tie in which the page ends. */
const BEYOND = 50;
/** The most hits of one tie that are read at once. */
const TIE_HITS_MAX = 1_000;

export function applicationPage(request: SearchRequest, keys: Keys, ask: Ask): Promise<SearchPage> {
  return new ApplicationPage(request, keys, ask).read();
}

class ApplicationPage {
  readonly #request: SearchRequest;
  readonly #keys: Keys;
  readonly #ask: Ask;
  readonly #isRanked: boolean;
  readonly #hits: SearchPosition[] = [];

  constructor(request: SearchRequest, keys: Keys, ask: Ask) {
    this.#request = request;
    this.#keys = keys;
    this.#ask = ask;
    this.#isRanked = request.order !== 'newest';
  }

  async read(): Promise<SearchPage> {
    const { limit, after } = this.#request;
    const wanted = limit + 1; // one hit more than the page, to see whether more follow
    let begin = after === undefined ? undefined : this.#before(after);
    for (;;) {
      const size = wanted - this.#hits.length + BEYOND;
      const found = await this.#find({ size, ...(begin && { search_after: begin }) });
      const last = found.at(-1);
      const isEnd = last === undefined || found.length < size;
      this.#add(isEnd ? found : found.filter((hit) => !isTie(hit, last)));
      if (!isEnd && this.#hits.length < wanted) {
        const first = after !== undefined && isTie(after, last) ? after.chat : NUMBER_MAX + 1;
        this.#hits.push(...(await this.#tie(last, first, wanted - this.#hits.length)));
        begin = this.#values(last);
      }
      if (isEnd || this.#hits.length >= wanted) break;
    }
    return { hits: this.#hits.slice(0, limit), more: this.#hits.length > limit };
  }

  /** Adds hits of whole ties, except those that the page before had. */
  #add(found: readonly SearchPosition[]): void {
    const { after } = this.#request;
    for (const hit of found.toSorted(comparePositions))
      if (after === undefined || comparePositions(after, hit) < 0) this.#hits.push(hit);
  }

  /**
   * Reads at most `wanted` hits of the tie of `position` in chats below `below`, the highest chats first. A tie of many
   * hits is read by ranges of chats, each halved until it has fewer than TIE_HITS_MAX.
   */
  async #tie(position: SearchPosition, below: number, wanted: number): Promise<SearchPosition[]> {
    const { createdAt, number } = position;
    const equal: Query[] = [{ range: { at: exactly(createdAt) } }, { range: { number: exactly(number) } }];
    const hits: SearchPosition[] = [];
    const left: ChatRange[] = [{ low: 1, high: below - 1 }];
    for (let range = left.pop(); range !== undefined && hits.length < wanted; range = left.pop()) {
      if (range.low > range.high) continue;
      const found = await this.#find({
        size: TIE_HITS_MAX,
        search_after: this.#before(position),
        further: [...equal, this.#chatsIn(range)],
      });
      const own = found.filter((hit) => isTie(hit, position));
      if (own.length < TIE_HITS_MAX || range.low === range.high) {
        hits.push(...own.toSorted((a, b) => b.chat - a.chat));
        continue;
      }
      const middle = Math.floor((range.low + range.high) / 2);
      left.push({ low: range.low, high: middle }, { low: middle + 1, high: range.high });
    }
    return hits.slice(0, wanted);
  }

  /** A query for the chats of a range. Names of chats are compared as texts, so there is one range for each length. */
  #chatsIn({ low, high }: ChatRange): Query {
    const { token } = this.#request;
    if (low === 1 && high === NUMBER_MAX) return { match_all: {} };
    const should: Query[] = [];
    for (let first = 1; first <= high; first *= 10) {
      const [gte, lte] = [Math.max(low, first), Math.min(high, first * 10 - 1)];
      if (gte <= lte)
        should.push({ range: { chat: { gte: this.#keys.chat(token, gte), lte: this.#keys.chat(token, lte) } } });
    }
    return { bool: { should, minimum_should_match: 1 } };
  }

  async #find(asked: Omit<Asked, 'sort'>): Promise<SearchPosition[]> {
    const score = this.#isRanked ? [{ _score: { order: 'desc' } } as const] : [];
    const sort = [...score, { at: { order: 'desc' } } as const, { number: { order: 'desc' } } as const];
    const found = await this.#ask({ ...asked, sort });
    return found.map(({ _id, sort: values = [] }) => {
      const [createdAt, number] = values.slice(-2).map(Number);
      const rank = this.#isRanked ? scoreOf(Number(values[0])) : 0;
      return { rank, createdAt: createdAt ?? 0, chat: chatOf(_id), number: number ?? 0 };
    });
  }

  #values({ rank, createdAt, number }: SearchPosition): number[] {
    return [...(this.#isRanked ? [scoreOf(rank)] : []), createdAt, number];
  }

  /** The sort values just before those of a position, so that its whole tie follows. */
  #before(position: SearchPosition): number[] {
    return this.#values({ ...position, number: position.number + 1 });
  }
}

interface ChatRange {
  readonly low: number;
  readonly high: number;
}

function exactly(value: number) {
  return { gte: value, lte: value };
}

function isTie(a: SearchPosition, b: SearchPosition): boolean {
  return a.rank === b.rank && a.createdAt === b.createdAt && a.number === b.number;
}

/** The chat of a document, from its id: `token:chat:number`. */
function chatOf(id: string | undefined): number {
  return Number(id?.split(':').at(-2));
}
