/**
 * Reads single rows for many callers at once. One statement reads the keys that were asked for in one tick, or while
 * all `LANES` (concurrent statements) were busy. So an idle system reads at once, and a busy one sends fewer, larger
 * statements. A key that is asked for twice is read once in a statement.
 */
export class PointReads<Key, Row> {
  readonly #keyText: (key: Key) => string;
  readonly #read: (keys: readonly Key[]) => Promise<ReadonlyMap<string, Row>>;
  #waiting = new Map<string, { key: Key; answer: PromiseWithResolvers<Row | undefined> }>();
  #underWay = 0;
  #scheduled = false;

  /** `keyText`: a key as text. `read` returns the rows that exist, by that text. */
  constructor(keyText: (key: Key) => string, read: (keys: readonly Key[]) => Promise<ReadonlyMap<string, Row>>) {
    this.#keyText = keyText;
    this.#read = read;
  }

  /** The row as it is at some moment after this call; undefined if there is none. */
  get(key: Key): Promise<Row | undefined> {
    const text = this.#keyText(key);
    let entry = this.#waiting.get(text);
    if (entry === undefined) {
      entry = { key, answer: Promise.withResolvers() };
      this.#waiting.set(text, entry);
    }
    this.#schedule();
    return entry.answer.promise;
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay >= LANES || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const entries = [...this.#waiting].slice(0, KEYS_PER_STATEMENT);
    for (const [text] of entries) this.#waiting.delete(text);
    this.#underWay++;
    this.#schedule();
    try {
      const rows = await this.#read(entries.map(([, { key }]) => key));
      for (const [text, { answer }] of entries) answer.resolve(rows.get(text));
    } catch (error) {
      for (const [, { answer }] of entries) answer.reject(error);
    } finally {
      this.#underWay--;
      this.#schedule();
    }
  }
}

/**
 * How many statements run at once, so that the server is busy while results are read. Two were an eighth slower, four
 * no faster.
 */
const LANES = 3;
const KEYS_PER_STATEMENT = 100;
