import type { estypes } from '@elastic/elasticsearch';
import { SEARCH_RANK, type SearchTerms } from '@parley/domain';
import { BORDER, pairsOf, withBorders } from './grams.ts';

export type Query = NonNullable<estypes.QueryDslQueryContainer>;

/**
 * Elasticsearch allows at least 1,024 clauses in a query. Three classes of 300 terms stay below; so do two of 500, and
 * no query of 1,000 characters has more terms than that.
 */
export const RANKED_TERMS_MAX = 300;
const TERMS_MAX = 500;

/** The ways in which a term can occur in a text. */
const whole = (term: string) => contains(BORDER + withBorders(term) + BORDER);
const beginning = (term: string) => contains(BORDER + withBorders(term));
const part = (term: string) => contains(withBorders(term));

/** All matches in the chat; the score is `scoreOf` their rank. */
export function rankedQuery(chat: string, terms: SearchTerms): Query {
  const classes = [
    score(SEARCH_RANK.phrase, [whole(terms.phrase)]),
    // A query of one term alone is its own phrase.
    ...(terms.terms.some((term) => term !== terms.phrase) ? [score(SEARCH_RANK.words, terms.terms.map(whole))] : []),
    score(SEARCH_RANK.prefixes, terms.terms.map(beginning)),
  ];
  return {
    bool: { filter: [inChat(chat), ...terms.terms.map(part)], should: [{ dis_max: { queries: classes } }] },
  };
}

/** The matches of one rank alone: for more terms than a ranked query can have. */
export function classQuery(chat: string, { phrase, terms }: SearchTerms, rank: number): Query {
  const longest = terms.slice(0, TERMS_MAX);
  const asPhrase = whole(phrase);
  const better = (form: (term: string) => Query) => [asPhrase, { bool: { filter: longest.map(form) } }];
  const matches = (filter: Query[], must_not: Query[]): Query => ({
    bool: { filter: [inChat(chat), ...filter], must_not },
  });
  switch (rank) {
    case SEARCH_RANK.phrase:
      return matches([asPhrase, ...longest.map(part)], []);
    case SEARCH_RANK.words:
      return matches(longest.map(whole), [asPhrase]);
    case SEARCH_RANK.prefixes:
      return matches(longest.map(beginning), better(whole));
    default:
      return matches(longest.map(part), better(beginning));
  }
}

/** Better ranks have higher scores; a match in no class but the last has none. Its own inverse. */
export function scoreOf(rank: number): number {
  return SEARCH_RANK.parts - rank;
}

function score(rank: number, filter: Query[]): Query {
  return { constant_score: { filter: { bool: { filter } }, boost: scoreOf(rank) } };
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
