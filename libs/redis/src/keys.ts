import { partitionOf, type Sequence, type Token } from '@parley/domain';

/**
 * The names of the keys in Redis. Each begins with its partition as a hash tag: Redis Cluster then keeps a partition in
 * one slot, so a script may use several of its keys.
 *
 *     {p3}:epoch                           hash: n, run, state (opening, open, lost), opened (milliseconds since 1970)
 *     {p3}:e1:chats:<token>                the last number given to a chat of an application, in epoch 1
 *     {p3}:e1:messages:<token>:<chat>      the last number given to a message of a chat, in epoch 1
 *                                          Either is `gone` if the application or chat was deleted.
 *     {p3}:e1:r:<token>                    of an application with a limit of messages, in epoch 1: when a message was last
 *                                          drawn (microseconds since 1970), and how much of the burst was used up then
 *                                          (0 to 1). Without this key none of it is used up.
 *     {p3}:gone:<token>                    exists if the application was deleted; lives longer than its counters
 *     {p3}:idem:<scope>:<key hash>         the result of an idempotency key, words with spaces between: d (drawn)
 *                                          or c (confirmed), body hash, first number, event id, epoch, time, token
 *     {p3}:generations                     sorted set of the generations, periods of counting, that are here
 *     {p3}:g12:chats, {p3}:g12:messages    hashes: what was added to each sequence in generation 12
 *
 * What belongs to no partition:
 *
 *     {access}:hints                       how many hints were told (see AccessHints); also the name of their channel
 *     {figures}:programs                   sorted set of the running programs by when they last put their figures
 *     {figures}:of:<id>                    a program's figures, as JSON
 */
export class Keys {
  /** A prefix separates several systems on one server. It must not have a brace: that would be another hash tag. */
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

  /** The partition of an idempotency key of POST /applications: by its hash, because there is no application yet. */
  partitionOfKey(hash: string): number {
    return Number.parseInt(hash.slice(0, 8), 16) % this.partitions;
  }

  base(partition: number): string {
    return `${this.prefix}{p${partition}}:`;
  }

  epoch(partition: number): string {
    return `${this.base(partition)}epoch`;
  }

  gone(token: Token): string {
    return `${this.base(this.partitionOf(token))}${goneName(token)}`;
  }

  get hints(): string {
    return `${this.prefix}{access}:hints`;
  }

  get figures(): string {
    return `${this.prefix}{figures}:`;
  }

  generations(partition: number): string {
    return `${this.base(partition)}generations`;
  }
}

/** The name of a sequence's counter, without the beginning that all keys of the partition have. */
export function counterName(epoch: number, sequence: Sequence): string {
  return `e${epoch}:${sequenceName(sequence)}`;
}

/** The name of a sequence's counter without its epoch. */
export function sequenceName(sequence: Sequence): string {
  if (sequence.kind === 'chats') return `chats:${sequence.token}`;
  return `messages:${sequence.token}:${sequence.chat}`;
}

/** The name of the key that limits the messages of an application. */
export function rateName(epoch: number, token: Token): string {
  return `e${epoch}:r:${token}`;
}

export function goneName(token: Token): string {
  return `gone:${token}`;
}

export function idempotencyName(scope: Token | 'applications', hash: string): string {
  return `idem:${scope}:${hash}`;
}
