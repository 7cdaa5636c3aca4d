const BYTES_MIN = 4_096;
/** Below this the garbage collector is soon enough. */
const LARGE_BYTES = 64 * 1024;

/** Bytes that arrive in pieces, however small: appending copies each byte a bounded number of times. */
export class GatheredBytes {
  #buffer: Buffer;
  #length = 0;

  /** `expected`: where it is known how many will come. */
  constructor(expected = 0) {
    this.#buffer = Buffer.allocUnsafeSlow(expected);
  }

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(BYTES_MIN, needed, 2 * this.#buffer.length));
      larger.set(this.bytes());
      free(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = needed;
  }

  /** A view, valid until more is appended. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

/**
 * Gives back the memory behind a view at once: many large pieces of requests would fill the process before a garbage
 * collection. Every view of that memory is empty afterwards.
 */
export function free({ buffer }: Uint8Array): void {
  if (buffer.byteLength >= LARGE_BYTES) (buffer as ArrayBuffer).transfer(0);
}
