import type { SearchDocument, SearchHit, SearchIndex, SearchPage, SearchPosition, Token } from '@parley/domain';
import type { Harness } from './open-harness.ts';
import { searchChangesContract } from './search-changes.contract.ts';
import { searchMatchingContract } from './search-matching.contract.ts';
import { searchModelContract } from './search-model.contract.ts';
import { searchOrderContract } from './search-order.contract.ts';

export interface SearchHarness extends Harness {
  readonly index: SearchIndex;
  /** Makes documents known, each new or with a version above all before. Resolves once they are searchable. */
  given(documents: readonly SearchDocument[]): Promise<void>;
  /** Gives `index` documents that may be older than what is known. Resolves once their effect would be seen. */
  late(documents: readonly SearchDocument[]): Promise<void>;
}

/** What every driver of SearchIndex promises. */
export function searchIndexContract(name: string, open: () => Promise<SearchHarness>): void {
  searchMatchingContract(name, open);
  searchOrderContract(name, open);
  searchChangesContract(name, open);
  searchModelContract(name, open);
}

/** The texts as messages 1, 2, 3… of a chat, as they were created. */
export function documentsOf(token: Token, contents: readonly string[], chat = 1): SearchDocument[] {
  return contents.map((content, index) => ({ token, chat, number: index + 1, content, version: 1 }));
}

/** All hits of a query, read in one page. */
export async function hitsOf(index: SearchIndex, token: Token, query: string, chat = 1): Promise<SearchHit[]> {
  const { hits } = await index.search({ token, chat, query, limit: 200 });
  return [...hits];
}

/** The numbers of the messages that a query finds, in the order of their ranks. */
export async function found(index: SearchIndex, token: Token, query: string, chat = 1): Promise<number[]> {
  return (await hitsOf(index, token, query, chat)).map(({ number }) => number);
}

/** The same, read page by page. */
export async function foundByPages(
  index: SearchIndex,
  request: { readonly token: Token; readonly query: string; readonly limit: number },
  onPage: (page: SearchPage) => Promise<void> | void = () => {},
): Promise<number[]> {
  const numbers: number[] = [];
  for (let after: SearchPosition | undefined; ; ) {
    const page = await index.search({ ...request, chat: 1, after });
    numbers.push(...page.hits.map(({ number }) => number));
    await onPage(page);
    if (page.next === undefined) return numbers;
    after = page.next;
  }
}
