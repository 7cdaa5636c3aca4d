import type { Owner } from './entities.ts';
import type { Token } from './identifiers.ts';

/**
 * PORT. Removes the rows below deleted applications and chats, and messages that are older than their application keeps
 * them. In small transactions, so that others hardly wait; each call continues where the last one ended, also after a
 * crash. Any number of processes may call any method. Every method rejects with Unavailable if the database is
 * unreachable or too slow.
 */
export interface Purge {
  /**
   * The oldest deleted application or chat of a partition whose rows are not all removed, or a chat with messages that
   * are too old; undefined if there is none.
   */
  next(partition: number): Promise<PurgeTask | undefined>;
  /**
   * Removes at most PURGE_ROWS_MAX rows of a task, in one transaction, and returns how many. 0: the task is done, and
   * `next` does not return it any more.
   */
  step(task: PurgeTask): Promise<number>;
  /** The latest tasks of a partition, at most `limit`, the latest first. */
  latest(partition: number, limit: number): Promise<readonly PurgeTask[]>;
  /** How many tasks wait, in all partitions, and since when the oldest one does: milliseconds since 1970. */
  waiting(): Promise<{ readonly tasks: number; readonly oldestAt?: number | undefined }>;

  /** The next applications of a partition, at most `limit`, that keep their messages for a limited time, by token. */
  retained(partition: number, after: Token | undefined, limit: number): Promise<readonly Retained[]>;
  /**
   * Hides, in chats of an application, all messages from the first on that were accepted before `before` (milliseconds
   * since 1970), up to the first that was accepted later, and leaves a task to remove them. Looks at the next `limit`
   * chats after `after`. `seq`: see EventLog.fence; what was accepted before that fence is stored by then. Does nothing,
   * and returns no `next`, if the application keeps its messages for longer than since `before` by now.
   */
  expire(token: Token, before: number, seq: number, after: number, limit: number): Promise<Expired>;
}

export interface PurgeTask {
  readonly partition: number;
  readonly owner: Owner;
  /** Set if only the chat's messages up to this number are removed: the chat itself lives. */
  readonly through?: number | undefined;
  readonly since: number;
}

export interface Retained {
  readonly token: Token;
  readonly days: number;
}

export interface Expired {
  /** In how many chats messages were hidden. */
  readonly chats: number;
  /** Where the next call continues; undefined at the end. */
  readonly next?: number | undefined;
}
