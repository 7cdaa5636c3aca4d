/** Tells the store, once a minute, which keys were used. It keeps the time to the hour. */
import { KEYS_FOUND_MAX, type KeyStore } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import type { Clock } from './clock.ts';
import type { Remembered } from './remembered.ts';

const HOUR_MS = 60 * 60 * 1_000;

export interface KeyUsageParts {
  readonly keys: Pick<KeyStore, 'keysUsed'>;
  readonly remembered: Remembered;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class KeyUsage {
  #hour = 0;
  /** The keys whose use in this hour is recorded. */
  readonly #recorded = new Set<string>();

  constructor(private readonly parts: KeyUsageParts) {}

  /** Never rejects: what could not be recorded is recorded the next time. */
  async flush(): Promise<void> {
    const at = this.parts.clock.now();
    const hour = Math.floor(at / HOUR_MS);
    if (hour !== this.#hour) this.#recorded.clear();
    this.#hour = hour;
    const used = [...this.parts.remembered.keys()].filter((known) => known.used);
    const ids = used.flatMap(({ key }) => (key === undefined || this.#recorded.has(key) ? [] : [key]));
    try {
      for (let from = 0; from < ids.length; from += KEYS_FOUND_MAX) {
        const part = ids.slice(from, from + KEYS_FOUND_MAX);
        await this.parts.keys.keysUsed(part, at);
        for (const id of part) this.#recorded.add(id);
      }
      for (const known of used) known.used = false;
    } catch (error) {
      this.parts.logger.debug({ err: error }, 'the use of keys could not be recorded');
    }
  }
}
