import {
  type DrawRequest,
  type DrawTaker,
  type Highest,
  type IdempotencyKey,
  type Numbering,
  newEventId,
  newToken,
  type Owner,
  type RegisterAnswer,
  type RegisterRequest,
  type Sequence,
  type Token,
} from '@parley/domain';
import type { Cluster, Redis } from 'ioredis';
import type { Epochs } from './epochs.ts';
import { counterName, type Keys, sequenceName } from './keys.ts';
import { Confirmation, EpochCheck, KeyedDraw, KeyedRegistration, type Operation, Seed } from './round-operations.ts';
import { COUNTER_SECONDS, GONE_SECONDS, PartitionRounds } from './rounds.ts';
import { bounded, unavailable } from './unavailable.ts';

type Settle<T> = { resolve: (answer: T) => void; reject: (error: Error) => void };

/** A counter may have expired if its last draw is longer ago. One day is left for clocks that differ. */
const SURELY_KEPT_MS = (COUNTER_SECONDS - 24 * 60 * 60) * 1_000;

export class RedisNumbering implements Numbering {
  readonly #client: Redis | Cluster;
  readonly #keys: Keys;
  readonly #epochs: Epochs;
  readonly #rounds: readonly PartitionRounds[];

  constructor(client: Redis | Cluster, epochs: Epochs, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
    this.#epochs = epochs;
    this.#rounds = Array.from(
      { length: keys.partitions },
      (_, partition) => new PartitionRounds(client, epochs, keys, partition),
    );
  }

  draw(request: DrawRequest, taker: DrawTaker): void {
    const { sequence, key } = request;
    const rounds = this.#roundsOf(this.#keys.partitionOf(sequence.token));
    if (key === undefined) rounds.draw(request, taker);
    else rounds.add(new KeyedDraw(request, key, taker), sequence);
  }

  /** Tries tokens until one is in the idempotency key's partition: on average as many tries as there are partitions. */
  newToken(key?: IdempotencyKey): Token {
    let token = newToken();
    if (key === undefined) return token;
    const partition = this.#keys.partitionOfKey(key.hash);
    while (this.#keys.partitionOf(token) !== partition) token = newToken();
    return token;
  }

  async register(request: RegisterRequest): Promise<RegisterAnswer> {
    const { token, key } = request;
    const partition = this.#keys.partitionOf(token);
    if (key !== undefined) {
      return this.#operation<RegisterAnswer>(partition, (settle) => new KeyedRegistration(request, key, settle));
    }
    const { epoch, at } = await this.#operation<{ epoch: number; at: number }>(
      partition,
      (settle) => new EpochCheck(settle),
    );
    return { status: 'drawn', token, eventId: newEventId(epoch), epoch, at };
  }

  async seed(sequence: Sequence, highest: Highest, epoch?: number): Promise<void> {
    const partition = this.#keys.partitionOf(sequence.token);
    const { epoch: drawnIn = 0, at = 0 } = highest;
    if (epoch !== undefined && drawnIn >= epoch && Date.now() - at < SURELY_KEPT_MS) {
      // The counter existed in this epoch and cannot have expired. If it is still missing now, Redis has lost it, and
      // numbers drawn from it may not be stored yet.
      const counter = this.#keys.base(partition) + counterName(epoch, sequence);
      if (await this.#epochs.lost(partition, epoch, counter)) {
        throw unavailable(undefined, 'The numbers have to be secured anew after a loss.');
      }
      return;
    }
    await this.#operation<void>(partition, (settle) => new Seed(sequence, highest, epoch, settle));
  }

  /**
   * Works by a script of its own, not in the rounds: it needs to know no epoch, so a process that draws no numbers may
   * call it.
   */
  async retire({ token, chat }: Owner): Promise<void> {
    const partition = this.#keys.partitionOf(token);
    const [keys, sequence]: [string[], Sequence] =
      chat === undefined
        ? [[this.#keys.gone(token)], { kind: 'chats', token }]
        : [[], { kind: 'messages', token, chat }];
    keys.unshift(this.#keys.epoch(partition));
    const args = [this.#keys.base(partition), sequenceName(sequence), COUNTER_SECONDS, GONE_SECONDS];
    if ((await bounded(this.#client.parleyRetire(keys.length, ...keys, ...args))) === 1) return;
    throw unavailable(undefined, 'The numbers have to be secured anew after an outage.');
  }

  confirm(scope: Token | 'applications', key: IdempotencyKey, eventId: string): Promise<void> {
    const partition = scope === 'applications' ? this.#keys.partitionOfKey(key.hash) : this.#keys.partitionOf(scope);
    return this.#operation<void>(partition, (settle) => new Confirmation(scope, key.hash, eventId, settle));
  }

  /** The epoch in which numbers of this application are drawn now; undefined if none can be drawn. */
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
