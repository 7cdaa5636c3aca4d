import {
  BeyondLastMessage,
  Gone,
  type ReadMark,
  readRecord,
  type StoredReads,
  type Token,
  Unavailable,
} from '@parley/domain';
import { commitStatements } from '../commit.ts';
import { DatabaseFault } from '../faults.ts';
import { bytes, integer, text, time, tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { ChatKey } from '../read/statements.ts';
import type { Session } from '../session.ts';
import { type MarkRow, toMark } from './unread.ts';

const MARKS_MAX = 200;
/** How often a transaction is tried in all, if chats of the partition are deleted meanwhile. */
const TRIES = 4;

interface Mark extends ChatKey {
  readonly userId: string;
  readonly number: number;
}

interface Waiting extends PromiseWithResolvers<ReadMark | undefined> {
  readonly mark: Mark;
}

/**
 * Records read marks: those of a partition that come in one tick, or while the last ones are being recorded, in one
 * transaction with one batch. A busy client moves its mark with each message that it shows.
 */
export class ReadMarks {
  readonly #pool: Pool;
  readonly #waiting = new Map<number, Waiting[]>();
  readonly #busy = new Set<number>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** See Store.markRead. */
  mark(key: ChatKey, userId: string, number: number): Promise<ReadMark | undefined> {
    const waiting = { ...Promise.withResolvers<ReadMark | undefined>(), mark: { ...key, userId, number } };
    const others = this.#waiting.get(key.partition);
    if (others === undefined) this.#waiting.set(key.partition, [waiting]);
    else others.push(waiting);
    if (!this.#busy.has(key.partition)) {
      this.#busy.add(key.partition);
      setImmediate(() => void this.#record(key.partition));
    }
    return waiting.promise;
  }

  /** Never rejects: a failure is that of the marks. */
  async #record(partition: number): Promise<void> {
    for (;;) {
      const waiting = this.#waiting.get(partition) ?? [];
      const some = waiting.splice(0, MARKS_MAX);
      if (some.length === 0) break;
      try {
        await recordMarks(this.#pool, partition, some);
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
    this.#waiting.delete(partition);
    this.#busy.delete(partition);
  }
}

async function recordMarks(pool: Pool, partition: number, waiting: readonly Waiting[]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { deletes, chats, marks } = await pool.useAgain((session) => look(session, partition, waiting));
    const wanted = new Map<string, Mark>();
    for (const { mark } of waiting) {
      const chat = chats.get(chatText(mark));
      if (chat === undefined || chat.deleted || mark.number > chat.highest) continue;
      const highest = Math.max(marks.get(markText(mark))?.number ?? -1, wanted.get(markText(mark))?.number ?? -1);
      if (mark.number > highest) wanted.set(markText(mark), mark);
    }
    try {
      const written = wanted.size === 0 ? NONE : await write(pool, partition, deletes, [...wanted.values()]);
      for (const each of waiting) settle(each, chats.get(chatText(each.mark)), new Map([...marks, ...written]));
      return;
    } catch (error) {
      // A delete in the partition: perhaps of one of the chats, so look again.
      if (!(error instanceof DatabaseFault) || error.kind !== 'refused' || tries === TRIES) throw error;
    }
  }
}

const NONE: ReadonlyMap<string, ReadMark> = new Map();

function settle(
  { mark, resolve, reject }: Waiting,
  chat: FoundChat | undefined,
  marks: ReadonlyMap<string, ReadMark>,
): void {
  if (chat === undefined) resolve(undefined);
  else if (chat.deleted) reject(new Gone('chat'));
  else if (mark.number > chat.highest) reject(new BeyondLastMessage());
  else {
    const recorded = marks.get(markText(mark));
    if (recorded === undefined) reject(new Unavailable('store', 'The read mark was not recorded.'));
    else resolve(recorded);
  }
}

interface FoundChat {
  readonly deleted: boolean;
  /** The highest number that was given in the chat, as far as it is stored. */
  readonly highest: number;
}

interface Found {
  readonly deletes: number;
  /** Without chats that are not stored, or whose application is deleted. */
  readonly chats: ReadonlyMap<string, FoundChat>;
  readonly marks: ReadonlyMap<string, ReadMark>;
}

type PlacedMarkRow = MarkRow & { readonly token: Buffer; readonly chat_number: number };
type ChatRow = {
  readonly token: Buffer;
  readonly number: number;
  readonly deleted: 0 | 1;
  readonly highest: number;
};

/** Reads the chats and the marks that are recorded. `deletes` comes first, so a later delete is noticed. */
async function look(session: Session, partition: number, waiting: readonly Waiting[]): Promise<Found> {
  const marks = waiting.map(({ mark }) => mark);
  const [[state], chats, recorded] = (await session.send([
    `SELECT deletes FROM partitions WHERE partition_number = ${integer(partition)}`,
    markedChats(partition, marks),
    recordedMarks(partition, marks),
  ])) as [{ deletes: number }[], ChatRow[], PlacedMarkRow[]];
  if (state === undefined) throw new DatabaseFault('outage', 'NO_PARTITION');
  return {
    deletes: state.deletes,
    chats: new Map(
      chats.map((row) => [
        chatText({ token: tokenOf(row.token), chat: row.number }),
        { deleted: row.deleted === 1, highest: Number(row.highest) },
      ]),
    ),
    marks: byKey(recorded),
  };
}

/**
 * Writes the marks that are above the recorded ones, and returns those that are recorded then. If another process has
 * set a higher one meanwhile, that one stays, and the record of this transaction does not have the lower one.
 */
function write(
  pool: Pool,
  partition: number,
  deletes: number,
  marks: readonly Mark[],
): Promise<ReadonlyMap<string, ReadMark>> {
  const sorted = [...marks].sort((a, b) => (markText(a) < markText(b) ? -1 : 1));
  return pool.transaction(async (session) => {
    const [, , rows] = (await session.send(['BEGIN', raised(partition, sorted), recordedMarks(partition, sorted)])) as [
      unknown,
      unknown,
      PlacedMarkRow[],
    ];
    const recorded = byKey(rows);
    const reads: StoredReads = sorted.flatMap(({ token, chat, userId, number }) =>
      recorded.get(markText({ token, chat, userId }))?.number === number
        ? [[token, chat, userId, number] as const]
        : [],
    );
    if (reads.length === 0) await session.change('COMMIT');
    else await session.send([], commitStatements({ partition, deletes, counted: false }, readRecord(reads)));
    return recorded;
  });
}

function byKey(rows: readonly PlacedMarkRow[]): ReadonlyMap<string, ReadMark> {
  return new Map(
    rows.map((row) => [
      markText({ token: tokenOf(row.token), chat: row.chat_number, userId: row.user_id }),
      toMark(row),
    ]),
  );
}

/**
 * The chats of the marks, deleted ones included, with the highest number that is stored or was removed. ORDER BY has each
 * column that is compared with another table's: else MySQL sorts all messages of the chat.
 */
export function markedChats(partition: number, marks: readonly Mark[]): string {
  const keys = new Set(marks.map(({ token, chat }) => `(${integer(partition)},${bytes(token)},${integer(chat)})`));
  return `SELECT c.token, c.number, c.deleted_at IS NOT NULL AS deleted,
      GREATEST(c.purged_through, COALESCE((SELECT m.number FROM messages AS m FORCE INDEX (PRIMARY)
        WHERE m.partition_number = ${integer(partition)} AND m.token = c.token AND m.chat_number = c.number
        ORDER BY m.token DESC, m.chat_number DESC, m.number DESC LIMIT 1), 0)) AS highest
    FROM chats AS c FORCE INDEX (PRIMARY)
    STRAIGHT_JOIN applications AS a FORCE INDEX (PRIMARY)
      ON a.partition_number = c.partition_number AND a.token = c.token AND a.deleted_at IS NULL
    WHERE (c.partition_number, c.token, c.number) IN (${[...keys].join()})`;
}

export function recordedMarks(partition: number, marks: readonly Mark[]): string {
  const keys = marks.map(
    ({ token, chat, userId }) => `(${integer(partition)},${bytes(token)},${integer(chat)},${text(userId)})`,
  );
  return `SELECT token, chat_number, user_id, message_number, updated_at FROM \`reads\` FORCE INDEX (PRIMARY)
    WHERE (partition_number, token, chat_number, user_id) IN (${keys.join()})`;
}

function raised(partition: number, marks: readonly Mark[]): string {
  const at = time(Date.now());
  const rows = marks.map(
    ({ token, chat, userId, number }) =>
      `(${integer(partition)},${bytes(token)},${integer(chat)},${text(userId)},${integer(number)},${at})`,
  );
  // MySQL assigns from left to right, so the time is compared with the old number.
  return `INSERT INTO \`reads\` (partition_number, token, chat_number, user_id, message_number, updated_at)
    VALUES ${rows.join()} AS new ON DUPLICATE KEY UPDATE
      updated_at = IF(new.message_number > \`reads\`.message_number, GREATEST(\`reads\`.updated_at, new.updated_at), \`reads\`.updated_at),
      message_number = GREATEST(\`reads\`.message_number, new.message_number)`;
}

function chatText({ token, chat }: { readonly token: Token; readonly chat: number }): string {
  return `${token}:${chat}`;
}

function markText({ token, chat, userId }: Pick<Mark, 'token' | 'chat' | 'userId'>): string {
  return `${token}:${chat}:${userId}`;
}
