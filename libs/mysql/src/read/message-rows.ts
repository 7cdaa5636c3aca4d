/**
 * Rows of messages as MySQL sends them, to the JSON that clients see (`messageJson`), byte by byte. Objects in between
 * would cost more than the rest of a page.
 *
 * A row in MySQL's text protocol is its columns one after the other, each a length and so many bytes. Texts are UTF-8,
 * numbers decimal, times `2026-01-31 13:05:59.123`.
 */

/** The columns of a row, in this order. */
export const MESSAGE_ROW_COLUMNS =
  'm.number, m.content, m.sender_id, m.metadata, m.created_at, m.updated_at, m.deleted_at';

/** A row: what a page needs to know of it, and its JSON, which begins with a comma: `bytes` from `start` to `end`. */
export interface MessageRowJson {
  readonly number: number;
  readonly deleted_at: true | null;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A row whose JSON is in the memory of `MessageRows`. */
type Written = Omit<MessageRowJson, 'bytes'>;

const bytesOf = (text: string) => new TextEncoder().encode(text);
const NUMBER = bytesOf(',{"number":');
const CONTENT = bytesOf(',"content":"');
const SENDER = bytesOf('","sender_id":"');
const METADATA = bytesOf('"metadata":');
const CREATED = bytesOf('"created_at":"');
const UPDATED = bytesOf('Z","updated_at":"');
const END = bytesOf('Z"}');
const [QUOTE, COMMA, BACKSLASH, OPEN, CLOSE, T, U] = bytesOf('",\\[]Tu') as unknown as [
  ...[number, number, number, number, number, number, number],
];
const SPACE = 0x20;
const ZERO = 0x30;
const HEX = bytesOf('0123456789abcdef');
/** How JSON writes the control characters that have a letter, by their codes. */
const LETTERS = new Map([...'btnfr'].map((letter, place) => ['\b\t\n\f\r'.charCodeAt(place), letter.charCodeAt(0)]));
/** A byte becomes six at most, as in `\u001f`. */
const GROWTH_MAX = 6;
const KEYS_BYTES = 100;
const TIME_BYTES = 23;
const FIRST_BYTES = 16 * 1024;

/** Where a column begins that is NULL. */
const NONE = -1;

/**
 * Reads rows and collects their JSON. Its memory is used again for other rows, so `take` them when the answer has come:
 * new memory for each would cost as much as the reading.
 */
export class MessageRows {
  #out = new Uint8Array(FIRST_BYTES);
  #at = 0;
  /** The row that is being read. */
  #row: Uint8Array = this.#out;
  #next = 0;

  /** How much memory it has, in bytes. */
  get bytes(): number {
    return this.#out.length;
  }

  clear(): void {
    this.#at = 0;
  }

  /** Rows that were read one after the other, with memory of their own. */
  take(rows: readonly Written[]): MessageRowJson[] {
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return [];
    const bytes = this.#out.slice(first.start, last.end);
    return rows.map(({ number, deleted_at, start, end }) => {
      return { number, deleted_at, bytes, start: start - first.start, end: end - first.start };
    });
  }

  /** Reads a column that is a number; of the row `bytes` from `start` on. */
  begin(bytes: Uint8Array, start: number): number {
    this.#row = bytes;
    this.#next = start;
    return this.integer();
  }

  /** Reads the next column, a whole number. */
  integer(): number {
    const row = this.#row;
    let value = 0;
    for (let place = this.#column(); place < this.#next; place += 1) value = value * 10 + (row[place] ?? 0) - ZERO;
    return value;
  }

  /** Reads the columns of a message that follow in the row. */
  message(rowEnd: number): Written {
    this.#room((rowEnd - this.#next) * GROWTH_MAX + KEYS_BYTES);
    const [out, row] = [this.#out, this.#row];
    const start = this.#at;
    // Whatever happens for each byte is in functions without fields: they are a third faster.
    const before = this.#next + 1;
    const number = this.integer();
    let at = copy(row, before, this.#next, out, put(NUMBER, out, start));
    at = copyText(row, this.#column(), this.#next, out, put(CONTENT, out, at));
    const sender = this.#column();
    if (sender !== NONE) at = copyText(row, sender, this.#next, out, put(SENDER, out, at));
    out[at++] = QUOTE;
    out[at++] = COMMA;
    const metadata = this.#column();
    if (metadata !== NONE) {
      at = copy(row, metadata, this.#next, out, put(METADATA, out, at));
      out[at++] = COMMA;
    }
    at = copyTime(row, this.#column(), this.#next, out, put(CREATED, out, at));
    at = copyTime(row, this.#column(), this.#next, out, put(UPDATED, out, at));
    this.#at = put(END, out, at);
    return { number, deleted_at: this.#column() === NONE ? null : true, start, end: this.#at };
  }

  /** Passes the next column. Returns where its bytes begin, and they end where the next one begins; NONE if it is NULL. */
  #column(): number {
    const row = this.#row;
    const first = row[this.#next++] ?? 0;
    if (first === 0xfb) return NONE;
    let length = first;
    if (first > 0xfb) {
      const bytes = first === 0xfc ? 2 : first === 0xfd ? 3 : 8;
      length = 0;
      for (let place = bytes - 1; place >= 0; place -= 1) length = length * 256 + (row[this.#next + place] ?? 0);
      this.#next += bytes;
    }
    const start = this.#next;
    this.#next += length;
    return start;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#out.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#out.length, this.#at + bytes));
    larger.set(this.#out.subarray(0, this.#at));
    this.#out = larger;
  }
}

/** Writes bytes. Returns the place after them, as all that follow. */
function put(bytes: Uint8Array, out: Uint8Array, start: number): number {
  for (let place = 0; place < bytes.length; place += 1) out[start + place] = bytes[place] as number;
  return start + bytes.length;
}

function copy(row: Uint8Array, from: number, to: number, out: Uint8Array, start: number): number {
  let at = start;
  for (let place = from; place < to; place += 1) out[at++] = row[place] as number;
  return at;
}

/** Copies a text as the inside of a JSON string. */
function copyText(row: Uint8Array, from: number, to: number, out: Uint8Array, start: number): number {
  let at = start;
  for (let place = from; place < to; place += 1) {
    const byte = row[place] as number;
    if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) out[at++] = byte;
    else at = escaped(out, at, byte);
  }
  return at;
}

function copyTime(row: Uint8Array, from: number, to: number, out: Uint8Array, start: number): number {
  if (to - from !== TIME_BYTES) throw new RangeError(`a time of ${to - from} characters`);
  const at = copy(row, from, to, out, start);
  out[start + '2026-01-31'.length] = T;
  return at;
}

/** Writes a character that JSON escapes. */
function escaped(out: Uint8Array, start: number, byte: number): number {
  let at = start;
  out[at++] = BACKSLASH;
  if (byte >= SPACE) out[at++] = byte;
  else {
    const letter = LETTERS.get(byte);
    if (letter !== undefined) out[at++] = letter;
    else for (const digit of [U, HEX[0], HEX[0], HEX[byte >> 4], HEX[byte & 15]]) out[at++] = digit as number;
  }
  return at;
}

/** The rows of a page as a JSON array. */
export function arrayOf(rows: readonly MessageRowJson[]): Uint8Array<ArrayBuffer> {
  const length = rows.reduce((sum, { start, end }) => sum + end - start, 0);
  if (length === 0) return Uint8Array.of(OPEN, CLOSE);
  const json = new Uint8Array(length + 1);
  let at = 0;
  for (let place = 0; place < rows.length; ) {
    const { bytes, start } = rows[place] as MessageRowJson;
    // Rows that lie one after the other are copied together.
    let end = start;
    for (let row = rows[place]; row?.bytes === bytes && row.start === end; row = rows[++place]) end = row.end;
    json.set(bytes.subarray(start, end), at);
    at += end - start;
  }
  json[0] = OPEN; // instead of the first comma
  json[length] = CLOSE;
  return json;
}
