/**
 * Looks up unknown keys by their hashes, many in one query. A key that the store does not have is remembered for a
 * while, so a client that repeats it costs no query.
 */
import { type AccessKey, KEYS_FOUND_MAX, type KeyStore, Unavailable } from '@parley/domain';
import type { Clock } from './clock.ts';
import type { Pace } from './pace.ts';

const WAITING_MAX = 10_000;
/** A key that waits for longer is refused: more come than can be looked up, or the store does not answer. */
export const WAIT_MS_MAX = 2_000;
const ABSENT_MS = 10_000;
const ABSENT_MAX = 20_000;

interface Waiting {
  readonly since: number;
  readonly found: Promise<AccessKey | undefined>;
  readonly resolve: (key: AccessKey | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export interface KeyLookupParts {
  readonly keys: Pick<KeyStore, 'keysByHash'>;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly onQuery: () => void;
}

export class KeyLookups {
  /** All whose answer is awaited, also those in the query that runs now. */
  readonly #waiting = new Map<string, Waiting>();
  /** Those that are in no query yet, the oldest first. */
  readonly #unasked = new Set<string>();
  /** The hashes that the store does not have, with the time until which this is believed. In the order of these times. */
  readonly #absent = new Map<string, number>();

  #isTimed = false;

  constructor(private readonly parts: KeyLookupParts) {}

  isAbsent(hash: string): boolean {
    const until = this.#absent.get(hash);
    return until !== undefined && this.parts.clock.elapsed() < until;
  }

  /** Treats a key as one that the store does not have: it is of no use. */
  noteAbsent(hash: string): void {
    this.#absent.delete(hash);
    this.#absent.set(hash, this.parts.clock.elapsed() + ABSENT_MS);
    for (const oldest of this.#absent.keys()) {
      if (this.#absent.size <= ABSENT_MAX) break;
      this.#absent.delete(oldest);
    }
  }

  /** The key with this hash; undefined if there is none. Rejects with Unavailable. */
  find(hash: string): Promise<AccessKey | undefined> {
    const same = this.#waiting.get(hash);
    if (same !== undefined) return same.found;
    if (this.#waiting.size >= WAITING_MAX) throw tooMany();
    const { promise: found, resolve, reject } = Promise.withResolvers<AccessKey | undefined>();
    this.#waiting.set(hash, { since: this.parts.clock.elapsed(), found, resolve, reject });
    this.#unasked.add(hash);
    if (!this.#isTimed) this.#refuseLateAfter(WAIT_MS_MAX);
    this.parts.pace.request(this.#ask);
    return found;
  }

  readonly #ask = async (): Promise<void> => {
    const hashes = [...this.#unasked].slice(0, KEYS_FOUND_MAX);
    for (const hash of hashes) this.#unasked.delete(hash);
    if (hashes.length === 0) return;
    this.parts.onQuery();
    try {
      const found = await this.parts.keys.keysByHash(hashes);
      for (const hash of hashes) {
        const key = found.get(hash);
        if (key === undefined) this.noteAbsent(hash);
        this.#take(hash)?.resolve(key);
      }
    } catch (error) {
      // All of them: the next query would fail too, after its own deadline.
      for (const hash of [...this.#waiting.keys()]) this.#take(hash)?.reject(error);
    }
    if (this.#unasked.size > 0) this.parts.pace.request(this.#ask);
  };

  #refuseLateAfter(ms: number): void {
    this.#isTimed = true;
    this.parts.clock.after(ms, () => {
      this.#isTimed = false;
      this.#refuseLate();
    });
  }

  #refuseLate(): void {
    const now = this.parts.clock.elapsed();
    for (const [hash, { since }] of this.#waiting) {
      const restMs = since + WAIT_MS_MAX - now;
      if (restMs > 0) {
        this.#refuseLateAfter(restMs);
        return;
      }
      const error = this.#unasked.has(hash) ? tooMany() : noAnswer();
      this.#take(hash)?.reject(error);
    }
  }

  #take(hash: string): Waiting | undefined {
    const waiting = this.#waiting.get(hash);
    this.#waiting.delete(hash);
    this.#unasked.delete(hash);
    return waiting;
  }
}

export function noAnswer(): Unavailable {
  return new Unavailable('store', 'Keys cannot be checked at the moment.');
}

function tooMany(): Unavailable {
  return new Unavailable('store', 'Too many unknown keys are waiting to be looked up.');
}
