import { CheckedSearch } from '@parley/api/testing';
import type { Message, SearchDocument, SearchIndex, SearchPosition, Store, Token } from '@parley/domain';
import type { Harness } from './open-harness.ts';
import { searchChangesContract } from './search-changes.contract.ts';
import { searchMatchingContract } from './search-matching.contract.ts';
import { searchModelContract } from './search-model.contract.ts';
import { searchOrderContract } from './search-order.contract.ts';
import { searchScopeContract } from './search-scope.contract.ts';

export interface SearchHarness extends Harness {
  readonly index: SearchIndex;
  /** A store with the messages of the documents that a test added. */
  readonly store: Pick<Store, 'messagesAt'>;
  /** Adds documents, or newer versions of them; without content it deletes them. Resolves when searches see that. */
  given(documents: readonly SearchDocument[]): Promise<void>;
}

/** What a search needs: an index that proposes hits, and a store against which they are checked. */
export type Searched = Pick<SearchHarness, 'index' | 'store'>;

/** The tests that every driver of SearchIndex must pass. */
export function searchIndexContract(name: string, open: () => Promise<SearchHarness>): void {
  searchMatchingContract(name, open);
  searchOrderContract(name, open);
  searchChangesContract(name, open);
  searchModelContract(name, open);
  searchScopeContract(name, open);
}

/** Makes documents of the texts, as messages 1, 2, 3… of a chat, each in its first version. */
export function documentsOf(token: Token, contents: readonly string[], chat = 1): SearchDocument[] {
  return contents.map((content, index) => {
    return { token, chat, number: index + 1, content, createdAt: Date.now(), version: 1 };
  });
}

type Hit = Pick<Message, 'number' | 'content'>;

/** The hits of a query, best first, at most 200. */
export async function hitsOf({ index, store }: Searched, token: Token, query: string, chat = 1): Promise<Hit[]> {
  const { hits } = await new CheckedSearch(index, store).page({ token, chat, query, limit: 200 });
  return hits.map(({ number, content }) => ({ number, content }));
}

/** The numbers of the messages that a query finds, best first. */
export async function found(searched: Searched, token: Token, query: string, chat = 1): Promise<number[]> {
  return (await hitsOf(searched, token, query, chat)).map(({ number }) => number);
}

/** Finds the same as `found`, but reads page by page. Calls `onPage` with each page. */
export async function foundByPages(
  { index, store }: Searched,
  request: { readonly token: Token; readonly query: string; readonly limit: number },
  onPage: (page: { readonly hits: readonly Hit[]; readonly next?: SearchPosition }) => Promise<void> | void = () => {},
): Promise<number[]> {
  const checked = new CheckedSearch(index, store);
  const numbers: number[] = [];
  for (let after: SearchPosition | undefined; ; ) {
    const page = await checked.page({ ...request, chat: 1, after });
    numbers.push(...page.hits.map(({ number }) => number));
    await onPage(page);
    if (page.next === undefined) return numbers;
    after = page.next;
  }
}
