/**
 * Bounds how many keys the secret keys of an application make in this process: at most KEYS_MAX at once, then one a
 * minute. Every program keeps the ids of all keys that were revoked within a day, so an application that made and
 * revoked keys without end would fill all of them.
 */
import { KEYS_MAX, LimitReached, type Token } from '@parley/domain';

const EVERY_MS = 60_000;
const APPLICATIONS_MAX = 10_000;

export class KeyMaking {
  /** When an application could make KEYS_MAX at once again. */
  readonly #full = new Map<Token, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Counts a key. Throws LimitReached. */
  take(token: Token): void {
    const now = this.now();
    const full = Math.max(this.#full.get(token) ?? now, now) + EVERY_MS;
    const over = full - now - KEYS_MAX * EVERY_MS;
    if (over > 0) throw new LimitReached('newKeys', over);
    this.#full.delete(token);
    this.#full.set(token, full);
    for (const [oldest, end] of this.#full) {
      if (this.#full.size <= APPLICATIONS_MAX && end > now) break;
      this.#full.delete(oldest);
    }
  }
}
