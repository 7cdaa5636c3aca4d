import { partitionOf, type Sequence, type Token } from '@parley/domain';

/**
 * The names of what is kept in Redis. Each begins with its partition as a hash tag, so that Redis Cluster keeps a
 * partition in one slot and a script may touch several of its keys:
 *
 *     {p3}:epoch                           hash: n, run, state (opening, open, lost), opened (milliseconds since 1970)
 *     {p3}:e1:chats:<token>                the last number given to a chat of an application, in epoch 1
 *     {p3}:e1:messages:<token>:<chat>      the last number given to a message of a chat, in epoch 1
 *     {p3}:idem:<scope>:<key hash>         what an idempotency key was answered with, in words between spaces: d (drawn)
 *                                          or c (confirmed), body hash, first number, event id, epoch, time, token
 *     {p3}:generations                     sorted set of the counter generations that are here
 *     {p3}:g12:chats, {p3}:g12:messages    hashes: what was added to each sequence in generation 12
 */
export class Keys {
  /** A prefix keeps several systems apart on one server. It must have no brace: that would be another hash tag. */
  constructor(
    readonly partitions: number,
    readonly prefix: string,
  ) {
    if (!Number.isInteger(partitions) || partitions < 1) throw new RangeError(`partitions is ${partitions}`);
    if (/[{}]/.test(prefix)) throw new RangeError(`the key prefix '${prefix}' has a brace`);
  }

  partitionOf(token: Token): number {
    return partitionOf(token, this.partitions);
  }

  /** An application is not there yet when its key is looked for, so the key itself tells the partition. */
  partitionOfKey(hash: string): number {
    return Number.parseInt(hash.slice(0, 8), 16) % this.partitions;
  }

  base(partition: number): string {
    return `${this.prefix}{p${partition}}:`;
  }

  epoch(partition: number): string {
    return `${this.base(partition)}epoch`;
  }

  generations(partition: number): string {
    return `${this.base(partition)}generations`;
  }
}

/** A sequence's counter, below the partition's base. */
export function counterName(epoch: number, sequence: Sequence): string {
  if (sequence.kind === 'chats') return `e${epoch}:chats:${sequence.token}`;
  return `e${epoch}:messages:${sequence.token}:${sequence.chat}`;
}

/** What is known of an idempotency key, below the partition's base. */
export function idempotencyName(scope: Token | 'applications', hash: string): string {
  return `idem:${scope}:${hash}`;
}
