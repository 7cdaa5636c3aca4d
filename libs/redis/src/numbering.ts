import type {
  DrawAnswer,
  DrawRequest,
  IdempotencyKey,
  Numbering,
  RegisterAnswer,
  RegisterRequest,
  Sequence,
  Token,
} from '@parley/domain';
import type { Cluster, Redis } from 'ioredis';
import type { Epochs } from './epochs.ts';
import type { Keys } from './keys.ts';
import { Confirmation, EpochCheck, KeyedDraw, KeyedRegistration, type Operation, Seed } from './operations.ts';
import { PartitionRounds } from './rounds.ts';

type Settle<T> = { resolve: (answer: T) => void; reject: (error: Error) => void };

/** Numbers in Redis. */
export class RedisNumbering implements Numbering {
  readonly #keys: Keys;
  readonly #epochs: Epochs;
  readonly #rounds: readonly PartitionRounds[];

  constructor(client: Redis | Cluster, epochs: Epochs, keys: Keys) {
    this.#keys = keys;
    this.#epochs = epochs;
    this.#rounds = Array.from(
      { length: keys.partitions },
      (_, partition) => new PartitionRounds(client, epochs, keys, partition),
    );
  }

  draw(request: DrawRequest): Promise<DrawAnswer> {
    const { sequence, key } = request;
    const rounds = this.#roundsOf(this.#keys.partitionOf(sequence.token));
    if (key === undefined) return rounds.draw(request);
    const { promise, ...pending } = Promise.withResolvers<DrawAnswer>();
    rounds.add(new KeyedDraw(request, key, pending), sequence);
    return promise;
  }

  /**
   * The application's own partition must have the epoch that its event will carry, so that is asked first. The key may
   * belong to another partition.
   */
  async register({ token, eventId, key }: RegisterRequest): Promise<RegisterAnswer> {
    const own = this.#keys.partitionOf(token);
    const { epoch, at } = await this.#operation<{ epoch: number; at: number }>(own, (settle) => new EpochCheck(settle));
    if (key === undefined) return { status: 'drawn', token, eventId, epoch, at };
    return this.#operation<RegisterAnswer>(
      this.#keys.partitionOfKey(key.hash),
      (settle) => new KeyedRegistration(token, eventId, epoch, key, settle),
    );
  }

  /**
   * `epoch` is the one in which the highest number was looked up, as `epochOf` told before the look. In another epoch
   * that number could be too low; then no counter is created there.
   */
  seed(sequence: Sequence, highest: number, epoch?: number): Promise<void> {
    const partition = this.#keys.partitionOf(sequence.token);
    return this.#operation<void>(partition, (settle) => new Seed(sequence, highest, epoch, settle));
  }

  confirm(scope: Token | 'applications', key: IdempotencyKey): Promise<void> {
    const partition = scope === 'applications' ? this.#keys.partitionOfKey(key.hash) : this.#keys.partitionOf(scope);
    return this.#operation<void>(partition, (settle) => new Confirmation(scope, key.hash, settle));
  }

  /** The epoch in which numbers of this application are drawn right now; undefined where none can be. */
  epochOf(token: Token): number | undefined {
    return this.#epochs.current(this.#keys.partitionOf(token));
  }

  #operation<T>(partition: number, make: (settle: Settle<T>) => Operation): Promise<T> {
    const { promise, ...settle } = Promise.withResolvers<T>();
    this.#roundsOf(partition).add(make(settle));
    return promise;
  }

  #roundsOf(partition: number): PartitionRounds {
    const rounds = this.#rounds[partition];
    if (rounds === undefined) throw new RangeError(`there is no partition ${partition}`);
    return rounds;
  }
}
