import { SEARCH_RANK, type SearchQuery } from '@parley/domain';
import type { Layout, Query } from './layout.ts';

/**
 * Finds all matches in the chat, and candidates that are not indexed exactly. The score is `scoreOf` their rank.
 * Elasticsearch allows at least 1,024 tokens in a query (more if it has much memory and few threads). Forms are
 * limited, so all ranks together stay below that.
 */
export function rankedQuery(chat: string, { forms }: SearchQuery, layout: Layout): Query {
  const matches = forms.map((list) => allOf(list.map((form) => layout.contains(form))));
  const parts = forms[SEARCH_RANK.parts] ?? [];
  const any = [...matches.slice(SEARCH_RANK.parts), ...(layout.candidates ? [layout.candidates(parts)] : [])];
  const queries = matches.slice(0, SEARCH_RANK.parts).flatMap((filter, rank) => {
    // A query of one term has equal forms for two ranks: the better one is enough.
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

/** Better ranks have higher scores; the last rank has 0. The function is its own inverse. */
export function scoreOf(rank: number): number {
  return SEARCH_RANK.parts - rank;
}

function allOf(filter: Query[]): Query {
  const [only] = filter;
  return filter.length === 1 && only !== undefined ? only : { bool: { filter } };
}
