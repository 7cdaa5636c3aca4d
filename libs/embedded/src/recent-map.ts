/**
 * A map that keeps the last used entries, about `size` to 2 * `size` of them, and drops the others. Instead of an
 * ordered list it has two maps: when the young one is full, it replaces the old one. So a recent entry costs one
 * look-up.
 */
export class RecentMap<Value> {
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(private readonly size: number) {}

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.size && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Deletes all entries whose key passes the test. It looks at each one. */
  deleteWhere(test: (key: string) => boolean): void {
    for (const map of [this.#young, this.#old]) for (const key of map.keys()) if (test(key)) map.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
