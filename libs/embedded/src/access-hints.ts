import type { AccessHint, AccessHints } from '@parley/domain';
import { throwApart } from '@parley/runtime';

/** Hints for the one process that there is: none can be lost. */
export class EmbeddedHints implements AccessHints {
  readonly #since = performance.now();
  #take: (hint: AccessHint) => void = () => {};

  async tell(hint: AccessHint): Promise<void> {
    try {
      this.#take(hint);
    } catch (thrown) {
      throwApart(thrown); // what changed is stored: who told it has not failed
    }
  }

  listen(take: (hint: AccessHint) => void): void {
    this.#take = take;
  }

  async unbrokenSince(): Promise<number> {
    return this.#since;
  }
}
