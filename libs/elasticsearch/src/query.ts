import type { estypes } from '@elastic/elasticsearch';
import { parseQuery, SEARCH_RANK, type SearchTerms } from '@parley/domain';
import { BORDER, pairsOf, withBorders } from './grams.ts';

export type Query = NonNullable<estypes.QueryDslQueryContainer>;

/**
 * Elasticsearch allows a query at least 1,024 tokens (more where it has much memory for few threads), and counts those
 * of a filter behind the query apart. A class of matches has at most one token for each character of the folded query,
 * and one more: the four classes of 250 characters fit into one query, and each class of 1,000 does by itself. Only
 * letters that fold to several make a query longer than the API allows; of such a one the beginning counts, as words.
 */
const CHARACTERS_MAX = 1_000;
const RANKED_CHARACTERS_MAX = 250;

export function boundedTerms(query: string): SearchTerms {
  const terms = parseQuery(query);
  const characters = [...terms.phrase];
  if (characters.length <= CHARACTERS_MAX) return terms;
  return parseQuery(characters.slice(0, CHARACTERS_MAX).join(''));
}

export function fitsRankedQuery({ phrase }: SearchTerms): boolean {
  return phrase.length <= RANKED_CHARACTERS_MAX;
}

/** All matches in the chat; the score is `scoreOf` their rank. */
export function rankedQuery(chat: string, terms: SearchTerms): Query {
  // A query of one term alone is its own phrase.
  const isPhrase = terms.terms.every((term) => term === terms.phrase);
  const ranks = [SEARCH_RANK.phrase, ...(isPhrase ? [] : [SEARCH_RANK.words]), SEARCH_RANK.prefixes];
  const queries = ranks.map((rank) => ({
    constant_score: { filter: allOf(matchesOf(terms, rank)), boost: scoreOf(rank) },
  }));
  return {
    bool: { filter: [inChat(chat), ...matchesOf(terms, SEARCH_RANK.parts)], should: [{ dis_max: { queries } }] },
  };
}

/** The matches of one rank alone, in two parts. What matches in a better class matches in all below it. */
export function classQuery(chat: string, terms: SearchTerms, rank: number): { query: Query; post_filter?: Query } {
  const query = allOf([inChat(chat), ...matchesOf(terms, rank)]);
  if (rank === SEARCH_RANK.phrase) return { query };
  return { query, post_filter: { bool: { must_not: [allOf(matchesOf(terms, rank - 1))] } } };
}

/** Better ranks have higher scores; a match in no class but the last has none. Its own inverse. */
export function scoreOf(rank: number): number {
  return SEARCH_RANK.parts - rank;
}

/** What a text has to have for its rank to be this one or a better one. */
function matchesOf({ phrase, terms }: SearchTerms, rank: number): Query[] {
  switch (rank) {
    case SEARCH_RANK.phrase:
      return [contains(BORDER + withBorders(phrase) + BORDER)];
    case SEARCH_RANK.words:
      return terms.map((term) => contains(BORDER + withBorders(term) + BORDER));
    case SEARCH_RANK.prefixes:
      return terms.map((term) => contains(BORDER + withBorders(term)));
    default:
      return terms.map((term) => contains(withBorders(term)));
  }
}

function allOf(filter: Query[]): Query {
  return { bool: { filter } };
}

function inChat(chat: string): Query {
  return { term: { chat } };
}

/** Texts that have these characters, borders among them, one after another. Nothing in them is an operator. */
function contains(text: string): Query {
  const characters = [...text];
  if (characters.length === 1) return { term: { characters: text } };
  if (characters.length === 2) return { term: { pairs: text } };
  return { match_phrase: { pairs: pairsOf(characters) } };
}
