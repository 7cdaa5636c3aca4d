import type { Token } from './identifiers.ts';

/**
 * PORT. Everything that was committed, in the order of the commits, for a while. Each partition has its own order: `seq`
 * counts its commits, without a gap. A transaction that was rolled back has no `seq`.
 *
 * Entries are removed from the oldest on, once they are older than the window or take too much room. `low` rises before
 * that: entries up to it may be gone. Every method rejects with Unavailable if the database is unreachable or too slow.
 */
export interface Feed {
  /** The state of every partition, in their order. */
  heads(): Promise<readonly FeedHead[]>;
  /**
   * The entries of a partition after `after`, at most `limit`, in order, with the partition's state in the same snapshot.
   * If `after` is below `low`, entries may be missing: the reader must begin anew at `seq`.
   */
  read(partition: number, after: number, limit: number): Promise<FeedPage>;
}

export interface FeedHead {
  readonly partition: number;
  /** The last commit. */
  readonly seq: number;
  /** Entries up to this one may be gone. */
  readonly low: number;
}

/** How long entries are kept, and how much room they may take, about. The one that is reached first decides. */
export interface FeedWindow {
  readonly ms: number;
  /** Of all partitions together; each gets an equal part. */
  readonly bytes: number;
}

export interface FeedPage extends FeedHead {
  readonly entries: readonly FeedEntry[];
}

/** What one commit has changed. It tells what, not how it is now: that is read from the store. */
export interface FeedEntry {
  readonly seq: number;
  /** When it was committed, by the clock of who did: milliseconds since 1970, UTC. */
  readonly at: number;
  readonly changes: readonly FeedChange[];
}

/**
 * Numbers of messages are ranges from `first` to `last`, both included. `messages.purged`: rows were removed because
 * they are older than the application keeps its messages, or because their owner was deleted.
 */
export type FeedChange =
  | {
      readonly kind: 'messages.created' | 'messages.updated' | 'messages.deleted' | 'messages.purged';
      readonly token: Token;
      readonly chat: number;
      readonly first: number;
      readonly last: number;
    }
  | { readonly kind: 'chat.created' | 'chat.updated' | 'chat.deleted'; readonly token: Token; readonly chat: number }
  | { readonly kind: 'application.updated' | 'application.deleted'; readonly token: Token }
  | {
      readonly kind: 'read.updated';
      readonly token: Token;
      readonly chat: number;
      readonly user: string;
      readonly number: number;
    };
