const CAPACITY = 64 * 1024;

/**
 * A growing sequence of bytes. A request is written directly in the form in which it is sent, without strings between.
 */
export class Bytes {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = CAPACITY) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Appends a text in UTF-8. */
  text(text: string): void {
    // A UTF-16 unit takes at most three bytes.
    this.reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** Appends a copy of the bytes from `start` to `end`. */
  again(start: number, end: number): void {
    this.reserve(end - start).copyWithin(this.#length, start, end);
    this.#length += end - start;
  }

  /**
   * Makes room for `count` more bytes. Write them into the returned buffer from `length` on, then `advance` to their
   * end.
   */
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

  /** A view of the bytes. Later writes may change it. */
  view(start = 0, end = this.#length): Buffer {
    return this.#bytes.subarray(start, end);
  }
}
