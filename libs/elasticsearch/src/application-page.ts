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
   * Reads at most `wanted` hits of the tie of `position` in chats below `below`, the highest chats first. Where a tie
   * has too many hits to be read at once, it is divided by the length of the chats' numbers, then by their digits.
   */
  async #tie(position: SearchPosition, below: number, wanted: number): Promise<SearchPosition[]> {
    const { createdAt, number } = position;
    const equal: Query[] = [{ range: { at: exactly(createdAt) } }, { range: { number: exactly(number) } }];
    const hits: SearchPosition[] = [];
    const left = [ALL_CHATS];
    for (let chats = left.pop(); chats !== undefined && hits.length < wanted; chats = left.pop()) {
      if (lowestOf(chats) >= below) continue;
      const found = await this.#find({
        size: TIE_HITS_MAX,
        search_after: this.#before(position),
        further: [...equal, ...this.#within(chats)],
      });
      const own = found.filter((hit) => isTie(hit, position));
      if (own.length === TIE_HITS_MAX) left.push(...partsOf(chats));
      else hits.push(...own.filter(({ chat }) => chat < below).toSorted(comparePositions));
    }
    return hits.slice(0, wanted);
  }

  #within(chats: Chats): Query[] {
    if (chats === ALL_CHATS) return [];
    const { digits, further } = chats;
    // The names of chats consist of a token, `:` and a number: nothing in them is an operator.
    const name = this.#keys.chat(this.#request.token, 1).slice(0, -1);
    return [{ regexp: { chat: { value: `${name}${digits}[0-9]{${further}}`, flags: 'NONE' } } }];
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

/** The chats whose numbers begin with `digits` and have so many `further` digits. */
interface Chats {
  readonly digits: string;
  readonly further: number;
}

const ALL_CHATS: Chats = { digits: '', further: 0 };
const NUMBER_LENGTHS = Array.from({ length: String(NUMBER_MAX).length }, (_, index) => index + 1);
const DIGITS = [...'0123456789'];

/** Divides chats into parts, the highest one last. */
function partsOf(chats: Chats): Chats[] {
  if (chats === ALL_CHATS) return NUMBER_LENGTHS.map((further) => ({ digits: '', further }));
  return DIGITS.map((digit) => ({ digits: chats.digits + digit, further: chats.further - 1 }));
}

function lowestOf(chats: Chats): number {
  const { digits, further } = chats;
  if (digits !== '') return Number(digits.padEnd(digits.length + further, '0'));
  return chats === ALL_CHATS ? 1 : 10 ** (further - 1);
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
