import {
  type ChangeRecord,
  deltasOf,
  PURGE_ROWS_MAX,
  type PurgeTask,
  purgeRecord,
  type StoredRanges,
  type Uncounted,
} from '@parley/domain';
import { type Committed, commitStatements } from '../commit.ts';
import type { Pool } from '../pool.ts';
import type { Session } from '../session.ts';
import * as statements from './statements.ts';
import { type MessageToRemove, type Place, type PurgeKey, purgeKey } from './statements.ts';

interface Step {
  /** How many rows were removed; 0: the task is done. */
  readonly removed: number;
  /** What the step takes from the counts, to be shown before the next flush. */
  readonly uncounted?: Uncounted | undefined;
}

/**
 * Removes the next rows of a task, in one transaction, and returns how many: first messages, then what else is below.
 * A step that removes fewer than PURGE_ROWS_MAX rows has removed the last ones, and removes the task with them.
 *
 * The transaction locks the task first. So two processes take turns, and none counts a row twice. It removes all rows
 * that there will ever be: whoever stores something commits only if the partition's `deletes` is as it was when it
 * looked up the owner (see commit.ts). A row that is not committed yet is waited for, and is rolled back.
 */
export async function step(pool: Pool, task: PurgeTask, progress: Progress): Promise<Step> {
  const key = purgeKey(task.partition, task.owner);
  const after = progress.of(task);
  const done = await pool.transaction(async (session) => {
    const results = await session.send(['BEGIN', statements.lockTask(key)]);
    const [row] = results[1] as { through: number | null }[];
    const through = row?.through ?? undefined;
    // Without a row the task is done. If it has changed, the chat was deleted meanwhile: that is another task.
    if (row === undefined || (through === undefined) !== (task.through === undefined)) {
      await session.change('ROLLBACK');
      return { removed: 0, last: undefined, uncounted: undefined };
    }
    const messages = await removeMessages(session, key, through, after);
    const others = through === undefined ? await removeOthers(session, key, PURGE_ROWS_MAX - messages.length) : 0;
    const removed = messages.length + others;
    const end = removed < PURGE_ROWS_MAX ? [statements.removeTask(key)] : [];
    // The counts of what is deleted do not matter any more. Those of a living chat do.
    const terms = { partition: key.partition, counted: through !== undefined };
    const record = recordOf(key, messages);
    const committed = (await session.send(end, commitStatements(terms, record))).at(-2) as Committed[];
    return { removed, last: messages.at(-1), uncounted: terms.counted ? uncountedOf(committed[0], record) : undefined };
  });
  progress.note(task, done.last);
  return done;
}

function uncountedOf(committed: Committed | undefined, record: ChangeRecord): Uncounted | undefined {
  const deltas = deltasOf(record);
  return committed === undefined || deltas.length === 0 ? undefined : { generation: committed.generation, deltas };
}

/**
 * Where this process's last step in each partition ended. The rows that it has removed stay in the table's pages for a
 * while, and the next step need not pass over them.
 */
export class Progress {
  readonly #steps = new Map<number, { readonly task: string; readonly last: Place }>();

  of(task: PurgeTask): Place | undefined {
    const step = this.#steps.get(task.partition);
    return step?.task === nameOf(task) ? step.last : undefined;
  }

  note(task: PurgeTask, last: Place | undefined): void {
    if (last === undefined) this.#steps.delete(task.partition);
    else this.#steps.set(task.partition, { task: nameOf(task), last });
  }
}

function nameOf({ owner, through, since }: PurgeTask): string {
  return `${owner.token} ${owner.chat ?? ''} ${through === undefined} ${since}`;
}

async function removeMessages(
  session: Session,
  key: PurgeKey,
  through: number | undefined,
  after: Place | undefined,
): Promise<readonly MessageToRemove[]> {
  const next = (from: Place | undefined) =>
    session.select<MessageToRemove>(statements.messagesToRemove(key, through, from, PURGE_ROWS_MAX));
  let messages = await next(after);
  // Before the task ends, looks from the beginning: nothing may be left.
  if (after !== undefined && messages.length < PURGE_ROWS_MAX) messages = await next(undefined);
  const removed = messages.filter(({ number }) => number !== through);
  if (removed.length > 0) await session.change(statements.removeMessages(key, removed));
  if (through !== undefined && removed.length < messages.length) {
    await session.change(statements.eraseLast(key, through, Date.now()));
  }
  return messages;
}

async function removeOthers(session: Session, key: PurgeKey, limit: number): Promise<number> {
  let left = limit;
  for (const removal of statements.removalsBelow(key)) {
    if (left === 0) break;
    left -= (await session.change(removal(left))).matched;
  }
  return limit - left;
}

/** The record of the messages that were removed. Tombstones are left out: their delete has a record already. */
function recordOf({ token }: PurgeKey, messages: readonly MessageToRemove[]): ChangeRecord {
  const live = messages.filter(({ deleted }) => deleted === 0);
  const byChat = Map.groupBy(live, ({ chat_number }) => chat_number);
  const records = [...byChat].map(([chat, rows]) => {
    const numbers = rows.map(({ number }) => number);
    return purgeRecord(token, chat, numbers);
  });
  const ranges = records.flatMap(({ messages: stored }) => stored.flatMap(([, chats]) => chats));
  const stored: StoredRanges = ranges.length === 0 ? [] : [[token, ranges]];
  return { kind: 'purged', messages: stored, chats: [], documents: live.length };
}
