import { timingSafeEqual } from 'node:crypto';
import { hashOfKey } from '@parley/domain';

/** The admin keys of the environment. They need no store. */
export class AdminKeys {
  readonly #hashes: readonly Buffer[];

  constructor(keys: readonly string[]) {
    this.#hashes = keys.map((key) => Buffer.from(hashOfKey(key)));
  }

  /** Compares with all of them, so that the time does not tell which one a text is like. */
  has(credential: string): boolean {
    if (this.#hashes.length === 0) return false;
    const hash = Buffer.from(hashOfKey(credential));
    return this.#hashes.filter((each) => timingSafeEqual(each, hash)).length > 0;
  }
}
