import { type EventLog, type Numbering, type Sequence, type Store, sequenceKey } from '@parley/domain';
import { type Clock, elapsedMs, type Moment, momentOf } from '../clock.ts';
import { unknownOwner } from './create.ts';

const FENCE_TIMEOUT_MS = 1_000;
const UNKNOWN_FOR_MS = 500;
const UNKNOWN_MAX = 10_000;

export interface CounterSeedsParts {
  readonly numbering: Pick<Numbering, 'seed'>;
  readonly log: Pick<EventLog, 'fence'>;
  readonly store: Pick<Store, 'highest'>;
  readonly clock: Clock;
}

/**
 * Creates the missing counter of a sequence from the highest number in the store. A fence comes first: what was
 * accepted before must be stored, or a number could be given twice. Concurrent calls share one look into the store. An
 * unknown or deleted application or chat is remembered for half a second: repeated requests for it cost nothing.
 */
export class CounterSeeds {
  readonly #parts: CounterSeedsParts;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #unknownSince = new Map<string, Moment>();

  constructor(parts: CounterSeedsParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the sequence has a counter. `epoch`: the epoch in which it was missing. Rejects with NotFound for an
   * unknown application or chat, or with Unavailable.
   */
  seed(sequence: Sequence, epoch: number): Promise<void> {
    const name = sequenceKey(sequence);
    if (this.#isUnknown(name)) return Promise.reject(unknownOwner(sequence));
    const key = `${epoch}:${name}`;
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const started = this.#seed(sequence, epoch, name).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, started);
    return started;
  }

  /** Called when the sequence's application or chat is created: what was remembered about it is not true any more. */
  forget(sequence: Sequence): void {
    this.#unknownSince.delete(sequenceKey(sequence));
  }

  async #seed(sequence: Sequence, epoch: number, name: string): Promise<void> {
    const { numbering, log, store } = this.#parts;
    const seq = await log.fence(sequence.token, FENCE_TIMEOUT_MS);
    const highest = await store.highest(sequence, seq);
    if (highest === undefined) {
      this.#remember(name);
      throw unknownOwner(sequence);
    }
    await numbering.seed(sequence, highest, epoch);
  }

  #isUnknown(name: string): boolean {
    const since = this.#unknownSince.get(name);
    return since !== undefined && elapsedMs(this.#parts.clock, since) < UNKNOWN_FOR_MS;
  }

  #remember(name: string): void {
    if (this.#unknownSince.size >= UNKNOWN_MAX) this.#unknownSince.clear();
    this.#unknownSince.set(name, momentOf(this.#parts.clock));
  }
}
