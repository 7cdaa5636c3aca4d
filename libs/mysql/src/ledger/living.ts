import { type MessageRange, sequenceKey, type Token } from '@parley/domain';
import { bytes, integer, tokenOf } from '../literals.ts';

/** A chat whose messages the search index may have. */
export interface LivingRow {
  readonly token: Buffer;
  readonly number: number;
  readonly purged_through: number;
}

type Place = Pick<MessageRange, 'token' | 'chat'> & { readonly partition: number };

/**
 * Reads those of the chats that are stored and not deleted, and whose application is not deleted either: the messages of
 * all others do not exist any more, even if their rows are not removed yet.
 */
export function livingStatement(places: readonly Place[]): string {
  const keys = new Set(
    places.map(({ partition, token, chat }) => `(${integer(partition)},${bytes(token)},${integer(chat)})`),
  );
  return `SELECT c.token, c.number, c.purged_through FROM chats AS c FORCE INDEX (PRIMARY)
    STRAIGHT_JOIN applications AS a FORCE INDEX (PRIMARY)
    ON a.partition_number = c.partition_number AND a.token = c.token AND a.deleted_at IS NULL
    WHERE (c.partition_number, c.token, c.number) IN (${[...keys].join()}) AND c.deleted_at IS NULL`;
}

/** Tells which messages exist, from the rows of `livingStatement`. */
export class Living {
  readonly #purgedThrough: ReadonlyMap<string, number>;

  constructor(rows: readonly LivingRow[]) {
    this.#purgedThrough = new Map(
      rows.map((row) => [chatKey(tokenOf(row.token), row.number), row.purged_through] as const),
    );
  }

  /** The messages of the chat up to this number are hidden; all of them if the chat is deleted. */
  hiddenThrough(token: Token, chat: number): number {
    return this.#purgedThrough.get(chatKey(token, chat)) ?? Number.POSITIVE_INFINITY;
  }
}

function chatKey(token: Token, chat: number): string {
  return sequenceKey({ kind: 'messages', token, chat });
}
