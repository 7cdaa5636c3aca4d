const BYTES_MIN = 4_096;
/** `free` leaves smaller buffers to the garbage collector. */
const LARGE_BYTES = 64 * 1024;

/** Joins bytes that arrive in pieces of any size. Each byte is copied only a few times, because the buffer doubles. */
export class GatheredBytes {
  #buffer: Buffer;
  #length = 0;

  /** `expected`: the total number of bytes, if known. */
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

  /** The bytes so far: a view, valid until more is appended. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

/**
 * Frees the memory behind a view at once, unless it is small: many large requests would fill the process before the
 * garbage collector runs. All views of that memory become empty.
 */
export function free({ buffer }: Uint8Array): void {
  if (buffer.byteLength >= LARGE_BYTES) (buffer as ArrayBuffer).transfer(0);
}
