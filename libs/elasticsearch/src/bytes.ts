const CAPACITY = 64 * 1024;

/** A growing sequence of bytes: a request is written once, as it is sent, without strings between. */
export class Bytes {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = CAPACITY) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a text in UTF-8. */
  text(text: string): void {
    // A UTF-16 unit is at most three bytes.
    this.reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** Adds what stands at `start` to `end` once more. */
  again(start: number, end: number): void {
    this.reserve(end - start).copyWithin(this.#length, start, end);
    this.#length += end - start;
  }

  /** Makes room for `count` more bytes. They are written from `length` on into the answer, then told by `advance`. */
  reserve(count: number): Buffer {
    const needed = this.#length + count;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    return this.#bytes;
  }

  advance(length: number): void {
    this.#length = length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** A view, which what is added later may change. */
  view(start = 0, end = this.#length): Buffer {
    return this.#bytes.subarray(start, end);
  }
}
