import {
  applicationRecord,
  type ChangeRecord,
  chatRecord,
  deltasOf,
  LIMIT_NAMES,
  messageRecord,
  NotYours,
  Unavailable,
  type Uncounted,
  VersionConflict,
} from '@parley/domain';
import { isSender, updateOf } from './changes.ts';
import { type Committed, commitStatements, stateOf } from './commit.ts';
import { DatabaseFault } from './faults.ts';
import { DELETES_LEVEL, LEVEL } from './level.ts';
import { bytes, integer, time } from './literals.ts';
import type { Pool } from './pool.ts';
import { LIMIT_COLUMNS } from './read/limits.ts';
import {
  type ApplicationKey,
  applicationLives,
  type ChatKey,
  inApplication,
  inChat,
  isChat,
  type MessageKey,
  messageLives,
} from './read/statements.ts';
import { type TargetState, targetState } from './target-state.ts';

/**
 * Deletes of applications, chats and messages. The row becomes a tombstone: its contents are erased, its number is never
 * given again. For an application or chat the same transaction leaves a row in `purges`, by which what is below is
 * removed later, and raises the partition's `deletes`, so that nothing more is stored below it.
 *
 * A delete may be repeated after a lost COMMIT: it finds the tombstone, and that is its success.
 */

/** `deleted`: whether there is a tombstone now. `uncounted`: the counts that this call has changed. */
export interface Deleted {
  readonly deleted: boolean;
  readonly uncounted?: Uncounted | undefined;
}

type Versions = readonly number[] | undefined;

export function deleteApplication(pool: Pool, key: ApplicationKey, versions: Versions): Promise<Deleted> {
  return erase(pool, {
    key,
    update: applicationErasure(key, versions),
    more: [purgeRow(key, 0)],
    record: applicationRecord('deleted', key.token),
    deletesOwners: true,
    versions,
    state: targetState.application(key),
  });
}

export function deleteChat(pool: Pool, key: ChatKey, versions: Versions): Promise<Deleted> {
  return erase(pool, {
    key,
    update: chatErasure(key, versions),
    more: [purgeRow(key, key.chat)],
    record: chatRecord('deleted', key.token, key.chat),
    deletesOwners: true,
    versions,
    state: targetState.chat(key),
  });
}

export function deleteMessage(pool: Pool, key: MessageKey, versions: Versions, by?: string): Promise<Deleted> {
  return erase(pool, {
    key,
    update: messageErasure(key, versions, by),
    more: [],
    record: messageRecord('deleted', key.token, key.chat, key.message),
    deletesOwners: false,
    versions,
    by,
    state: targetState.message(key),
  });
}

export function applicationErasure(key: ApplicationKey, versions: Versions): string {
  const values = {
    name: "''",
    metadata: 'NULL',
    deleted_at: time(Date.now()),
    ...Object.fromEntries(LIMIT_NAMES.map((name) => [LIMIT_COLUMNS[name], 'NULL'])),
    // If it had limits, the programs must forget them.
    limits_changed_at: 'IF(limits_changed_at IS NULL, NULL, NOW(3))',
  };
  return updateOf('applications', values, inApplication(key), versions);
}

export function chatErasure(key: ChatKey, versions: Versions): string {
  const values = { name: "''", metadata: 'NULL', deleted_at: time(Date.now()) };
  return updateOf('chats', values, `${isChat(key)} AND ${applicationLives(key)}`, versions);
}

export function messageErasure(key: MessageKey, versions: Versions, by?: string): string {
  const values = { content: "''", sender_id: 'NULL', metadata: 'NULL', deleted_at: time(Date.now()) };
  const where = `${inChat(key)} AND number = ${integer(key.message)} AND ${messageLives(key)}${isSender(by)}`;
  return updateOf('messages', values, where, versions);
}

interface Erasure {
  readonly key: ApplicationKey;
  readonly update: string;
  /** The statements that follow if the UPDATE has matched. */
  readonly more: readonly string[];
  readonly record: ChangeRecord;
  readonly deletesOwners: boolean;
  readonly versions: Versions;
  readonly by?: string | undefined;
  /** Reads a TargetState. */
  readonly state: string;
}

function erase(pool: Pool, erasure: Erasure): Promise<Deleted> {
  const { key, update, more, record, deletesOwners, versions, by, state } = erasure;
  const { partition } = key;
  return pool.transaction(async (session) => {
    const [, changed] = (await session.send(['BEGIN', update])) as { affectedRows: number }[];
    if (changed?.affectedRows === 0) {
      const [found] = await session.select<TargetState>(state);
      if (found?.deleted !== 0) {
        await session.change('ROLLBACK');
        return { deleted: found !== undefined };
      }
      if (by !== undefined && found.sender !== by) throw new NotYours();
      if (versions !== undefined && !versions.includes(found.version)) throw new VersionConflict();
      throw new DatabaseFault('contention', 'CHANGED_MEANWHILE');
    }
    const end = commitStatements({ partition, deletesOwners, levelMin: DELETES_LEVEL }, record);
    const results = await session.send(more, end).catch(async (error: unknown) => {
      if (!(error instanceof DatabaseFault) || error.kind !== 'refused') throw error;
      const { level } = await stateOf(session, partition);
      throw refusalOfDelete(level, error);
    });
    const [committed] = results.at(-2) as Committed[];
    const deltas = deltasOf(record);
    if (committed === undefined || deltas.length === 0) return { deleted: true };
    return { deleted: true, uncounted: { generation: committed.generation, deltas } };
  });
}

function refusalOfDelete(level: number, cause: DatabaseFault): unknown {
  if (level >= DELETES_LEVEL && level <= LEVEL) return cause;
  const detail =
    level > LEVEL
      ? 'This program is too old for the database: newer ones use it.'
      : 'Nothing can be deleted until all programs have this version, and for a minute after that.';
  return new Unavailable('store', detail, { cause });
}

/** Without a `through`, which a removal of old messages may have left: now all rows below are to be removed. */
function purgeRow({ partition, token }: ApplicationKey, chat: number): string {
  return `INSERT INTO purges (partition_number, token, chat_number, through, created_at)
    VALUES (${integer(partition)}, ${bytes(token)}, ${integer(chat)}, NULL, ${time(Date.now())})
    ON DUPLICATE KEY UPDATE through = NULL`;
}
