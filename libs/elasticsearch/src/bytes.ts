const CAPACITY = 64 * 1024;

/** A buffer that grows. The body of a request is written into it directly as bytes, without building strings first. */
export class Bytes {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = CAPACITY) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  text(text: string): void {
    // In UTF-8 a UTF-16 unit takes at most three bytes.
    this.reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  again(start: number, end: number): void {
    this.reserve(end - start).copyWithin(this.#length, start, end);
    this.#length += end - start;
  }

  /** Makes room for `count` more bytes; returns the whole buffer. Write from `length` on, then `advance` to the end. */
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

  /** The bytes from `start` to `end`, not copied: later writes may change them. */
  view(start = 0, end = this.#length): Buffer {
    return this.#bytes.subarray(start, end);
  }
}
