import { SEARCH_RANK, type SearchQuery, type SearchRequest } from '@parley/domain';
import type { Keys } from './keys.ts';
import type { Layout, Query } from './layout.ts';

/**
 * Selects the messages that a request is about: of a chat, of some chats or an application, of a sender and a time. An earlier layout
 * without senders and times gives all messages of the chat: the caller checks what it finds.
 */
export function scopeOf(request: SearchRequest, { keys, hasDetails }: Layout): Query[] {
  const { senderId, from, to } = request;
  const scope: Query[] = [ownerOf(request, keys)];
  if (!hasDetails) return scope;
  if (senderId !== undefined) scope.push({ term: { sender: senderId } });
  if (from !== undefined || to !== undefined)
    scope.push({ range: { at: { ...bound('gte', from), ...bound('lt', to) } } });
  return scope;
}

/** The names of chats begin with their application's token, so none selects a message of another application. */
function ownerOf({ token, chat, chats }: SearchRequest, keys: Keys): Query {
  if (chat !== undefined) return { term: { chat: keys.chat(token, chat) } };
  if (chats !== undefined) return { terms: { chat: chats.map((number) => keys.chat(token, number)) } };
  return { term: { _routing: keys.routing(token) } };
}

function bound(name: 'gte' | 'lt', value: number | undefined) {
  return value === undefined ? {} : { [name]: value };
}

/**
 * Returns the query for all matches in `scope`, and for texts that may match because they are not indexed exactly. A
 * hit's score is `scoreOf` its rank. Elasticsearch allows at least 1,024 tokens in a query (more with much memory and
 * few threads). The lengths of forms (texts that a rank requires) are limited, so all ranks together stay below that.
 */
export function rankedQuery(scope: readonly Query[], query: SearchQuery, layout: Layout): Query {
  const { forms } = query;
  const matches = forms.slice(0, SEARCH_RANK.parts).map((list) => containing(list, layout));
  const queries = matches.flatMap((filter, rank) => {
    // For a query of one term two ranks require the same: only the better one is asked for.
    const isBetterRank = rank > 0 && String(forms[rank]) === String(forms[rank - 1]);
    return isBetterRank ? [] : [{ constant_score: { filter, boost: scoreOf(rank) } }];
  });
  return { bool: { filter: [...scope, anyMatch(query, layout)], should: [{ dis_max: { queries } }] } };
}

/** As `rankedQuery`, without ranks: all scores are 0. */
export function unrankedQuery(scope: readonly Query[], query: SearchQuery, layout: Layout): Query {
  return { bool: { filter: [...scope, anyMatch(query, layout)] } };
}

function anyMatch({ forms }: SearchQuery, layout: Layout): Query {
  const parts = forms[SEARCH_RANK.parts] ?? [];
  const any = [containing(parts, layout), ...(layout.candidates ? [layout.candidates(parts)] : [])];
  return { bool: { should: any, minimum_should_match: 1 } };
}

/** The score of a rank, or the rank of a score. Better ranks have higher scores; the last rank has 0. */
export function scoreOf(rank: number): number {
  return SEARCH_RANK.parts - rank;
}

function containing(forms: readonly string[], layout: Layout): Query {
  const filter = forms.map((form) => layout.contains(form));
  const [only] = filter;
  return filter.length === 1 && only !== undefined ? only : { bool: { filter } };
}
