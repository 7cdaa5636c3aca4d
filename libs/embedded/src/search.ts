import type { Database } from 'bun:sqlite';
import {
  parseQuery,
  type RefusedDocument,
  SEARCH_RANK,
  type SearchDocument,
  type SearchIndex,
  type SearchPage,
  type SearchRequest,
  type SearchTerms,
} from '@parley/domain';
import { searchText } from './append.ts';
import { guarded, NUMBER_BITS } from './database.ts';

/** The index knows each sequence of three characters (a trigram) of a text, not where it stands. */
const TRIGRAM = 3;
/** So many narrow a search down; what they leave is checked text by text. A query's time grows with each. */
const TRIGRAMS_MAX = 32;
const NUMBER_TOP = 2 ** NUMBER_BITS - 1;

interface Hit {
  readonly number: number;
  readonly content: string;
  readonly rank: number;
}

/**
 * Search in an FTS5 table of trigrams, limited to the chat's range of ids. The table is written in the transactions of
 * the rows, so what is stored is found at once. The trigrams of a query find candidates, whose folded texts decide: an
 * index without positions is nearly half as large and half as dear to write. A query of one- and two-character words
 * alone reads the whole chat. Everything waits meanwhile, about a millisecond for each 1,000 candidates.
 */
export class EmbeddedSearch implements SearchIndex {
  readonly #database: Database;
  readonly #chatId;
  readonly #storedMessage;
  readonly #replace;

  constructor(database: Database) {
    this.#database = database;
    this.#chatId = database.query<{ id: number }, [string, number]>(
      'SELECT id FROM chats WHERE token = ? AND number = ?',
    );
    this.#storedMessage = database.query<{ content: string }, [number, number]>(
      `SELECT content FROM messages WHERE id = (?1 << ${NUMBER_BITS}) + ?2`,
    );
    this.#replace = database.query<unknown, [number, number, string]>(
      `INSERT OR REPLACE INTO messages_fts (rowid, folded) VALUES ((?1 << ${NUMBER_BITS}) + ?2, ?3)`,
    );
  }

  search(request: SearchRequest): Promise<SearchPage> {
    return guarded(() => {
      const terms = parseQuery(request.query);
      const chat = this.#chatId.get(request.token, request.chat);
      if (terms.terms.length === 0 || chat === null) return { hits: [] };
      return page(this.#find(chat.id, terms, request), request.limit);
    });
  }

  /** Writes the index anew from the stored rows, which are never older than a document. */
  index(documents: readonly SearchDocument[]): Promise<readonly RefusedDocument[]> {
    return guarded(() => documents.flatMap((document) => this.#reindex(document)));
  }

  #reindex(document: SearchDocument): RefusedDocument[] {
    const chat = this.#chatId.get(document.token, document.chat);
    const message = chat && this.#storedMessage.get(chat.id, document.number);
    if (chat === null || message === null) return [{ document, reason: 'the message is not stored' }];
    this.#replace.run(chat.id, document.number, searchText(message.content));
    return [];
  }

  #find(chatId: number, { phrase, terms }: SearchTerms, { limit, after }: SearchRequest): Hit[] {
    const bound: (string | number)[] = [chatId];
    const bind = (value: string | number) => `?${bound.push(value)}`;
    const all = (form: (term: string) => string) =>
      terms.map((term) => `instr(folded, ${bind(form(term))})`).join(' AND ');

    const trigrams = trigramsOf(terms);
    const candidates = [
      `f.rowid BETWEEN (?1 << ${NUMBER_BITS}) AND (?1 << ${NUMBER_BITS}) + ${NUMBER_TOP}`,
      ...(trigrams.length > 0 ? [`messages_fts MATCH ${bind(trigrams.map(quoted).join(' '))}`] : []),
      all((term) => term),
    ];
    const rank = `CASE WHEN instr(folded, ${bind(` ${phrase} `)}) THEN ${SEARCH_RANK.phrase}
      WHEN ${all((term) => ` ${term} `)} THEN ${SEARCH_RANK.words}
      WHEN ${all((term) => ` ${term}`)} THEN ${SEARCH_RANK.prefixes} ELSE ${SEARCH_RANK.parts} END`;
    const beyond =
      after === undefined
        ? ''
        : `WHERE rank > ${bind(after.rank)} OR (rank = ${bind(after.rank)} AND id & ${NUMBER_TOP} < ${bind(after.number)})`;
    // Ranked before the contents are joined, so that only a page of them is read.
    const sql = `WITH hits AS MATERIALIZED (
        SELECT f.rowid AS id, ${rank} AS rank FROM messages_fts f WHERE ${candidates.join(' AND ')}
      ), page AS MATERIALIZED (
        SELECT id, rank FROM hits ${beyond} ORDER BY rank, id DESC LIMIT ${bind(limit + 1)}
      )
      SELECT id & ${NUMBER_TOP} AS number, content, rank FROM page JOIN messages USING (id) ORDER BY rank, id DESC`;
    const statement = this.#database.prepare<Hit, (string | number)[]>(sql);
    try {
      return statement.all(...bound);
    } finally {
      statement.finalize();
    }
  }
}

/** What every match has: trigrams of the longest terms first, as the terms come. */
function trigramsOf(terms: readonly string[]): string[] {
  const trigrams = new Set<string>();
  for (const term of terms) {
    const characters = [...term];
    for (let start = 0; start + TRIGRAM <= characters.length && trigrams.size < TRIGRAMS_MAX; start += 1) {
      trigrams.add(characters.slice(start, start + TRIGRAM).join(''));
    }
  }
  return [...trigrams];
}

/** A text as a string of FTS5's query language: nothing in it is an operator. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function page(found: readonly Hit[], limit: number): SearchPage {
  const kept = found.slice(0, limit);
  const hits = kept.map(({ number, content }) => ({ number, content }));
  const last = kept.at(-1);
  if (found.length <= limit || last === undefined) return { hits };
  return { hits, next: { rank: last.rank, number: last.number } };
}
