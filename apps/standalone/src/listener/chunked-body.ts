import { GatheredBytes } from './gathered-bytes.ts';
import { type Refusal, readField } from './request-head.ts';

/** Limits for the lines around the content of a chunked body: the bytes of a line, and the number of trailer lines. */
const LINE_BYTES_MAX = 1_024;
const TRAILER_LINES_MAX = 64;
/**
 * Bytes other than content (chunk sizes, line ends) may be this many plus twice the content's. Tiny chunks cost too
 * much.
 */
const FRAMING_BYTES_MAX = 64 * 1024;
const SIZE = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?$/;
const LF = 0x0a;
const CR = 0x0d;

/** Decodes a chunked body (RFC 9112, section 7.1) as it arrives. The trailer (fields after the body) is dropped. */
export class ChunkedBody {
  readonly content = new GatheredBytes();
  readonly #bytesMax: number;
  /** Bytes of the current chunk that have not arrived. */
  #left = 0;
  #expects: 'size' | 'data' | 'end of data' | 'trailer' = 'size';
  #trailerLines = 0;
  #framingBytes = 0;
  /** The beginning of a line whose end has not arrived. */
  #begun = '';

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * Decodes arrived bytes. Returns undefined if more must come, or a refusal. If the body is complete, `rest` has the
   * bytes after it.
   */
  take(input: Buffer): { readonly rest: Buffer } | Refusal | undefined {
    let at = 0;
    while (at < input.length) {
      if (this.#expects === 'data') {
        const piece = input.subarray(at, at + this.#left);
        this.content.append(piece);
        at += piece.length;
        this.#left -= piece.length;
        if (this.#left === 0) this.#expects = 'end of data';
        continue;
      }
      const end = input.indexOf(LF, at);
      const next = end === -1 ? input.length : end + 1;
      if (next - at + this.#begun.length > LINE_BYTES_MAX) return malformed();
      this.#framingBytes += next - at;
      if (this.#framingBytes > FRAMING_BYTES_MAX + 2 * this.content.length) return malformed();
      const line = this.#begun + input.toString('latin1', at, next);
      at = next;
      this.#begun = end === -1 ? line : '';
      if (end === -1) return undefined;
      if (line.charCodeAt(line.length - 2) !== CR) return malformed();
      const outcome = this.#takeLine(line.slice(0, -2));
      if (outcome === 'complete') return { rest: input.subarray(at) };
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  }

  #takeLine(line: string): 'complete' | Refusal | undefined {
    if (this.#expects === 'end of data') {
      this.#expects = 'size';
      return line === '' ? undefined : malformed();
    }
    if (this.#expects === 'trailer') {
      if (line === '') return 'complete';
      this.#trailerLines += 1;
      return this.#trailerLines > TRAILER_LINES_MAX || readField(line) === undefined ? malformed() : undefined;
    }
    const size = SIZE.exec(line);
    if (size === null) return malformed();
    this.#left = Number.parseInt(size[1] as string, 16);
    if (this.content.length + this.#left > this.#bytesMax) return tooLong(this.#bytesMax);
    this.#expects = this.#left === 0 ? 'trailer' : 'data';
    return undefined;
  }
}

export function tooLong(bytesMax: number): Refusal {
  return { status: 413, detail: `The request body is longer than ${bytesMax} bytes.` };
}

function malformed(): Refusal {
  return { status: 400, detail: 'The chunks of the body could not be understood, or are tiny.' };
}
