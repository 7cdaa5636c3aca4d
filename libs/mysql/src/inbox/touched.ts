import { rangesOf, type Token } from '@parley/domain';
import type { StoredRecord } from '../feed.ts';

/** A transaction writes the rows of about so many chats. */
export const CHATS_MAX = 1_000;

export interface ChatPlace {
  readonly token: Token;
  readonly chat: number;
}

/** The next batches that the inbox takes together. */
export interface Portion {
  /** The last batch of the portion. */
  readonly through: number;
  readonly batches: number;
  /** Chats whose last message may have changed, and deleted ones, by token and number. */
  readonly chats: readonly ChatPlace[];
  /** Deleted applications. Their chats are not among `chats`. */
  readonly deleted: readonly Token[];
  /** Applications that got chats from an earlier program, whose batches have no numbers of chats. */
  readonly unnamed: readonly Token[];
}

/**
 * The first portion of the batches: at least one batch. It ends after a batch that needs more than its own chats (a
 * deleted application, unnamed chats), so that such a batch is the only one of its portion that does.
 */
export function portionOf(records: readonly StoredRecord[]): Portion | undefined {
  const chats = new Map<string, ChatPlace>();
  const deleted: Token[] = [];
  const unnamed: Token[] = [];
  let batches = 0;
  let through: number | undefined;
  for (const record of records) {
    for (const place of placesOf(record)) chats.set(`${place.token}:${place.chat}`, place);
    if (record.kind === 'deleted') deleted.push(...withoutNumbers(record));
    if (record.early && record.kind === 'created') unnamed.push(...withoutNumbers(record));
    batches += 1;
    through = record.seq;
    if (chats.size >= CHATS_MAX || deleted.length > 0 || unnamed.length > 0) break;
  }
  if (through === undefined) return undefined;
  // In the order of the keys: two transactions that write the same rows do not wait for each other.
  const sorted = [...chats.values()].sort((a, b) =>
    a.token === b.token ? a.chat - b.chat : a.token < b.token ? -1 : 1,
  );
  return { through, batches, chats: sorted, deleted, unnamed };
}

/** The chats whose place in the inbox a record may have changed: not those that were renamed or read. */
function placesOf(record: StoredRecord): ChatPlace[] {
  if (record.kind === 'updated' || record.kind === 'read') return [];
  const changed = record.chats.flatMap(([token, , numbers = []]) => numbers.map((chat) => ({ token, chat })));
  return [...changed, ...rangesOf(record.messages)];
}

function withoutNumbers({ chats }: StoredRecord): Token[] {
  return chats.flatMap(([token, , numbers]) => (numbers === undefined ? [token] : []));
}
