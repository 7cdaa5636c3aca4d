import type { Token } from '@parley/domain';
import { stateOf, unlessMatched } from '../commit.ts';
import { type RecordPage, recordsAfter } from '../feed.ts';
import { LEVEL } from '../level.ts';
import { integer, tokenOf } from '../literals.ts';
import { withLock } from '../named-lock.ts';
import type { Pool } from '../pool.ts';
import type { Session } from '../session.ts';
import { chatsAfter, cleared, clearedOf, missingOf, refreshed } from './statements.ts';
import { CHATS_MAX, type ChatPlace, type Portion, portionOf } from './touched.ts';

const BATCHES_MAX = 500;
/** Sorts before every chat. */
const BEGIN: ChatPlace = { token: '00000000-0000-0000-0000-000000000000', chat: 0 };

/** How far a partition is filled: all chats up to `after` have a row that is as new as the commit `seq`, or newer. */
interface Fill {
  readonly activity: number;
  readonly seq: number;
  readonly after: ChatPlace;
}

/**
 * Keeps the table `activity` (the inbox) up to date from `batches`. One session at a time does so in a partition, under
 * a named lock. The rows and the partition's `activity` change in one transaction.
 */
export class InboxKeeper {
  readonly #pool: Pool;
  /** Partitions that this process is filling. After a crash the fill begins again. */
  readonly #fills = new Map<number, Fill>();
  /** Partitions without any commit whose chats, of earlier programs, are filled. */
  readonly #filled = new Set<number>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * Takes the next batches of the partition. Returns how many, or how many rows were filled or removed; 0 if nothing is
   * left, or another process has the lock.
   */
  advance(partition: number): Promise<number> {
    return this.#pool.use(async (session) => {
      const { seq, low, activity } = await stateOf(session, partition);
      const nothing = activity === seq && low <= activity && (activity > 0 || this.#filled.has(partition));
      if (nothing) return 0;
      return (await withLock(session, `inbox.${partition}`, () => this.#step(session, partition))) ?? 0;
    });
  }

  async #step(session: Session, partition: number): Promise<number> {
    const { activity } = await stateOf(session, partition);
    const page = await recordsAfter(session, partition, activity, BATCHES_MAX);
    // A worker of an earlier version does not know the inbox. It may have pruned batches that are not in it.
    if (page.low > activity || (activity === 0 && !this.#filled.has(partition))) {
      return this.#fill(session, partition, page);
    }
    this.#fills.delete(partition);
    const portion = portionOf(page.records);
    if (portion === undefined) return 0;
    const prepared = await prepare(session, partition, activity, portion);
    if (prepared > 0) return prepared;
    const { chats, through } = portion;
    const changes = chats.length === 0 ? [] : [cleared(partition, chats), refreshed(partition, chats)];
    await commit(session, partition, activity, through, changes);
    return portion.batches;
  }

  /** Fills the rows of the next chats, or ends the fill. */
  async #fill(session: Session, partition: number, { activity, seq }: RecordPage): Promise<number> {
    const known = this.#fills.get(partition);
    const fill = known?.activity === activity ? known : { activity, seq, after: BEGIN };
    const rows = await session.select<ChatRow>(chatsAfter(partition, fill.after, CHATS_MAX));
    const chats = rows.map(toPlace);
    const after = chats.at(-1);
    if (after !== undefined) {
      await commit(session, partition, activity, activity, [cleared(partition, chats), refreshed(partition, chats)]);
      this.#fills.set(partition, { ...fill, after });
      return chats.length;
    }
    this.#fills.delete(partition);
    if (fill.seq > activity) await commit(session, partition, activity, fill.seq, []);
    else this.#filled.add(partition);
    return 1;
  }
}

type ChatRow = { readonly token: Buffer; readonly number: number };

function toPlace({ token, number }: ChatRow): ChatPlace {
  return { token: tokenOf(token), chat: number };
}

/**
 * What a portion needs before its own transaction, at most CHATS_MAX rows in one call: removes the rows of a deleted
 * application, and makes rows for unnamed chats. Returns how many rows; 0: all is done.
 */
async function prepare(
  session: Session,
  partition: number,
  activity: number,
  { deleted, unnamed }: Portion,
): Promise<number> {
  for (const token of deleted) {
    const { matched } = await session.change(clearedOf(partition, token, CHATS_MAX));
    if (matched > 0) return matched;
  }
  for (const token of unnamed) {
    const chats = await missing(session, partition, token);
    if (chats.length === 0) continue;
    await commit(session, partition, activity, activity, [refreshed(partition, chats)]);
    return chats.length;
  }
  return 0;
}

async function missing(session: Session, partition: number, token: Token): Promise<readonly ChatPlace[]> {
  return (await session.select<ChatRow>(missingOf(partition, token, CHATS_MAX))).map(toPlace);
}

/**
 * Changes rows and moves `activity`, in one transaction (see the lock order in commit.ts), if it is still where it was
 * read and no newer program has raised the level. Else fails with a fault of kind `refused`.
 */
async function commit(
  session: Session,
  partition: number,
  from: number,
  to: number,
  changes: readonly string[],
): Promise<void> {
  await session.transaction(() =>
    session.send(
      ['BEGIN', ...changes],
      [
        `UPDATE partitions SET activity = ${integer(to)}
         WHERE partition_number = ${integer(partition)} AND activity = ${integer(from)} AND level <= ${LEVEL}`,
        unlessMatched(partition),
        'COMMIT',
      ],
    ),
  );
}
