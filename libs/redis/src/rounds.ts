import {
  type DrawRequest,
  type DrawTaker,
  IDEMPOTENCY_WINDOW_MS,
  type MessageRate,
  sequenceKey,
  type Token,
  Unavailable,
} from '@parley/domain';
import type { Cluster, Redis } from 'ioredis';
import type { Epochs } from './epochs.ts';
import { goneName, type Keys } from './keys.ts';
import { RatedDraws } from './rated-draws.ts';
import { type Operation, PlainDraws } from './round-operations.ts';
import { bounded, unavailable } from './unavailable.ts';

/** How long a counter lives after its last draw. */
export const COUNTER_SECONDS = 7 * 24 * 60 * 60;
/** How long it is kept that an application was deleted: until none of its counters is left. */
export const GONE_SECONDS = 2 * COUNTER_SECONDS;
const KEY_SECONDS = IDEMPOTENCY_WINDOW_MS / 1_000;
/** The most operations in one call of the script, which blocks the whole server: about 2 ms for this many. */
const OPERATIONS_MAX = 1_000;
/** How many requests may wait in a partition. More are refused. */
const WAITING_MAX = 20_000;

interface Round {
  readonly operations: Operation[];
  /**
   * Draws without an idempotency key, by sequence, that another draw of the sequence may still join without a change of
   * order.
   */
  readonly open: Map<string, PlainDraws | RatedDraws>;
  requests: number;
}

/**
 * The calls to Redis for one partition. All requests of one turn of the event loop share one script call, a round.
 * During the call the next requests gather, so rounds get larger under load. Only one call runs at a time, which keeps
 * the order.
 */
export class PartitionRounds {
  readonly #client: Redis | Cluster;
  readonly #epochs: Epochs;
  readonly #partition: number;
  readonly #base: string;
  readonly #epochKey: string;
  #waiting: Round[] = [];
  #waitingRequests = 0;
  #busy = false;

  constructor(client: Redis | Cluster, epochs: Epochs, keys: Keys, partition: number) {
    this.#client = client;
    this.#epochs = epochs;
    this.#partition = partition;
    this.#base = keys.base(partition);
    this.#epochKey = keys.epoch(partition);
  }

  /** A draw without an idempotency key. It joins the other draws of its sequence. */
  draw(request: DrawRequest, taker: DrawTaker): void {
    const round = this.#roundForOneMore();
    if (round === undefined) {
      taker.drawFailed(tooMany());
      return;
    }
    const key = sequenceKey(request.sequence);
    const { sequence, rate } = request;
    let draws = round.open.get(key);
    if (draws === undefined || (draws.rate !== rate && !isSameRate(draws.rate, rate))) {
      draws = rate === undefined ? new PlainDraws(sequence) : new RatedDraws(sequence, rate);
      round.operations.push(draws);
      round.open.set(key, draws);
    }
    draws.add(request.count, taker);
  }

  /**
   * Adds any other operation. `drawsFrom`: the sequence that it draws from, if any. Later draws from that must not join
   * earlier ones, or they would overtake this operation.
   */
  add(operation: Operation, drawsFrom?: DrawRequest['sequence']): void {
    const round = this.#roundForOneMore();
    if (round === undefined) {
      operation.fail(tooMany());
      return;
    }
    round.operations.push(operation);
    if (drawsFrom !== undefined) round.open.delete(sequenceKey(drawsFrom));
  }

  #roundForOneMore(): Round | undefined {
    if (this.#waitingRequests >= WAITING_MAX) return undefined;
    let round = this.#waiting.at(-1);
    if (round === undefined || round.operations.length >= OPERATIONS_MAX) {
      round = { operations: [], open: new Map(), requests: 0 };
      this.#waiting.push(round);
    }
    round.requests += 1;
    this.#waitingRequests += 1;
    if (!this.#busy) {
      this.#busy = true;
      setImmediate(() => void this.#run());
    }
    return round;
  }

  async #run(): Promise<void> {
    for (let round = this.#waiting.shift(); round !== undefined; round = this.#waiting.shift()) {
      this.#waitingRequests -= round.requests;
      await this.#send(round.operations);
    }
    this.#busy = false;
  }

  /** Sends a round, and settles all its operations, whatever happens. */
  async #send(operations: readonly Operation[]): Promise<void> {
    try {
      for (let tries = 0; tries < 2; tries += 1) {
        const epoch = this.#epochs.current(this.#partition);
        if (epoch === undefined) break;
        const replies = await this.#call(operations, epoch);
        if (replies !== undefined) {
          settleAll(operations, replies, epoch);
          return;
        }
        // The script refused the epoch and did nothing. If another process has opened a newer epoch, the next try uses
        // that one.
        await this.#epochs.refused(this.#partition, epoch);
      }
      failAll(operations, notOpen());
    } catch (error) {
      failAll(operations, unavailable(error));
    }
  }

  /** Calls the script. Returns its replies; undefined if the epoch is not the open one. */
  async #call(operations: readonly Operation[], epoch: number): Promise<unknown[] | undefined> {
    const base = this.#base;
    const applications = new Set<Token>();
    const [keys, args]: [string[], (string | number)[]] = [[this.#epochKey], []];
    for (const operation of operations) operation.encode({ base, epoch, applications, keys, args });
    for (const token of applications) keys.push(base + goneName(token));
    const settings = [epoch, COUNTER_SECONDS, KEY_SECONDS, applications.size];
    const replies = await bounded(this.#client.parleyRound(keys.length, ...keys, ...settings, ...args));
    return Array.isArray(replies) ? replies : undefined;
  }
}

/** A limit may be changed between two draws of one round. */
function isSameRate(one: MessageRate | undefined, other: MessageRate | undefined): boolean {
  return one?.perSecond === other?.perSecond && one?.burst === other?.burst;
}

function settleAll(operations: readonly Operation[], [at, ...replies]: unknown[], epoch: number): void {
  const drawnAt = Number(at);
  for (const [index, operation] of operations.entries()) operation.settle(replies[index], epoch, drawnAt);
}

function failAll(operations: readonly Operation[], error: Error): void {
  for (const operation of operations) operation.fail(error);
}

function notOpen(): Unavailable {
  return unavailable(undefined, 'The numbers have to be secured anew after an outage.');
}

function tooMany(): Unavailable {
  return new Unavailable('requests', 'Too many requests wait for their numbers.');
}
