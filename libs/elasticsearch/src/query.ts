import { SEARCH_RANK, type SearchQuery } from '@parley/domain';
import type { Layout, Query } from './layout.ts';

/**
 * All matches in the chat, and candidates that are not indexed exactly; the score is `scoreOf` their rank.
 * Elasticsearch allows a query 1,024 tokens at least (more where it has much memory for few threads). The forms of a
 * query are bounded, so all of its ranks together have fewer.
 */
export function rankedQuery(chat: string, { forms }: SearchQuery, layout: Layout): Query {
  const matches = forms.map((list) => allOf(list.map((form) => layout.contains(form))));
  const parts = forms[SEARCH_RANK.parts] ?? [];
  const any = [...matches.slice(SEARCH_RANK.parts), ...(layout.candidates ? [layout.candidates(parts)] : [])];
  const queries = matches.slice(0, SEARCH_RANK.parts).flatMap((filter, rank) => {
    // A query of one term is its own phrase.
    const isBetterRank = rank > 0 && String(forms[rank]) === String(forms[rank - 1]);
    return isBetterRank ? [] : [{ constant_score: { filter, boost: scoreOf(rank) } }];
  });
  return {
    bool: {
      filter: [{ term: { chat } }, { bool: { should: any, minimum_should_match: 1 } }],
      should: [{ dis_max: { queries } }],
    },
  };
}

/** Better ranks have higher scores; a match in no class but the last has none. Its own inverse. */
export function scoreOf(rank: number): number {
  return SEARCH_RANK.parts - rank;
}

function allOf(filter: Query[]): Query {
  const [only] = filter;
  return filter.length === 1 && only !== undefined ? only : { bool: { filter } };
}
