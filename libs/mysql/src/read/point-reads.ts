/** How many keys one statement reads: those whose weights are `weightMax` together, but at least one. */
export interface Weights<Key> {
  readonly weightOf: (key: Key) => number;
  readonly weightMax: number;
}

/**
 * Reads single rows for many callers at once. One statement reads the keys that were asked for in one tick, or while
 * all `LANES` (concurrent statements) were busy. So an idle system reads at once, and a busy one sends fewer, larger
 * statements. A key that is asked for twice is read once in a statement.
 */
export class PointReads<Key, Row> {
  readonly #keyText: (key: Key) => string;
  readonly #read: (keys: readonly Key[]) => Promise<ReadonlyMap<string, Row>>;
  readonly #weights: Weights<Key>;
  #waiting = new Map<string, { key: Key; answer: PromiseWithResolvers<Row | undefined> }>();
  #underWay = 0;
  #scheduled = false;

  /** `keyText`: a key as text. `read` returns the rows that exist, by that text. */
  constructor(
    keyText: (key: Key) => string,
    read: (keys: readonly Key[]) => Promise<ReadonlyMap<string, Row>>,
    weights: Weights<Key> = { weightOf: () => 1, weightMax: KEYS_PER_STATEMENT },
  ) {
    this.#keyText = keyText;
    this.#read = read;
    this.#weights = weights;
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

  /** Takes the keys of the next statement, those that have waited longest. */
  #take() {
    const { weightOf, weightMax } = this.#weights;
    const entries: [string, { key: Key; answer: PromiseWithResolvers<Row | undefined> }][] = [];
    let weight = 0;
    for (const entry of this.#waiting) {
      weight += weightOf(entry[1].key);
      if (entries.length > 0 && weight > weightMax) break;
      entries.push(entry);
      this.#waiting.delete(entry[0]);
    }
    return entries;
  }

  async #send(): Promise<void> {
    const entries = this.#take();
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
