import { HEAD_BYTES_MAX, LINE_BYTES_MAX, type Refusal } from './request-head.ts';

const LF = 0x0a;
const CR = 0x0d;

/**
 * Finds the end of a request head in bytes that arrive in pieces, and refuses lines that are malformed or too long.
 * Looks at each byte once.
 */
export class HeadLines {
  #seen = 0;
  #lineStart = 0;

  get begun(): boolean {
    return this.#seen > 0;
  }

  /**
   * Where the head in `input` (all bytes so far) ends; undefined if its end has not arrived. A refusal if a line is
   * wrong.
   */
  find(input: Buffer): number | Refusal | undefined {
    for (let at = input.indexOf(LF, this.#seen); at !== -1; at = input.indexOf(LF, at + 1)) {
      if (input[at - 1] !== CR) return { status: 400, detail: 'Lines must end with CR and LF.' };
      if (at - this.#lineStart > LINE_BYTES_MAX) return this.#lineTooLong();
      if (at - 1 === this.#lineStart && at > 1) return at > HEAD_BYTES_MAX ? headTooLong() : this.#lineStart - 2;
      this.#lineStart = at + 1;
      this.#seen = at + 1;
      if (at > HEAD_BYTES_MAX) return headTooLong();
    }
    this.#seen = input.length;
    return input.length - this.#lineStart > LINE_BYTES_MAX ? this.#lineTooLong() : undefined;
  }

  #lineTooLong(): Refusal {
    if (this.#lineStart > 0) return headTooLong();
    return { status: 414, detail: `The address is longer than ${LINE_BYTES_MAX} bytes.` };
  }
}

function headTooLong(): Refusal {
  const detail = `A header field is longer than ${LINE_BYTES_MAX} bytes, or all are longer than ${HEAD_BYTES_MAX}.`;
  return { status: 431, detail };
}
