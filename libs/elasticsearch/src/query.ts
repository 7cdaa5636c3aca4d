import { SEARCH_RANK, type SearchQuery } from '@parley/domain';
import type { Layout, Query } from './layout.ts';

/**
 * Returns the query for all matches in the chat, and for texts that may match because they are not indexed exactly. A
 * hit's score is `scoreOf` its rank. Elasticsearch allows at least 1,024 tokens in a query (more with much memory and
 * few threads). The lengths of forms (texts that a rank requires) are limited, so all ranks together stay below that.
 */
export function rankedQuery(chat: string, { forms }: SearchQuery, layout: Layout): Query {
  const matches = forms.map((list) => allOf(list.map((form) => layout.contains(form))));
  const parts = forms[SEARCH_RANK.parts] ?? [];
  const any = [...matches.slice(SEARCH_RANK.parts), ...(layout.candidates ? [layout.candidates(parts)] : [])];
  const queries = matches.slice(0, SEARCH_RANK.parts).flatMap((filter, rank) => {
    // For a query of one term two ranks require the same: only the better one is asked for.
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

/** The score of a rank, or the rank of a score. Better ranks have higher scores; the last rank has 0. */
export function scoreOf(rank: number): number {
  return SEARCH_RANK.parts - rank;
}

function allOf(filter: Query[]): Query {
  const [only] = filter;
  return filter.length === 1 && only !== undefined ? only : { bool: { filter } };
}
