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
const HEX = bytesOf('0123456789abcdef');
/** How JSON writes the control characters that have a letter, by their codes. */
const LETTERS = new Map([...'btnfr'].map((letter, place) => ['\b\t\n\f\r'.charCodeAt(place), letter.charCodeAt(0)]));
/** A byte becomes six at most, as in `\u001f`. */
const GROWTH_MAX = 6;
const KEYS_BYTES = 100;
const TIME_BYTES = 23;
const FIRST_BYTES = 16 * 1024;

/** The length of a column that is NULL. */
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
    const end = this.#length() + this.#next;
    let value = 0;
    for (; this.#next < end; this.#next += 1) value = value * 10 + (this.#row[this.#next] ?? 0) - 0x30;
    return value;
  }

  /** Reads the columns of a message that follow in the row. */
  message(rowEnd: number): Written {
    this.#room((rowEnd - this.#next) * GROWTH_MAX + KEYS_BYTES);
    const start = this.#at;
    this.#write(NUMBER);
    const before = this.#next;
    const number = this.integer();
    this.#copy(before + 1, this.#next - before - 1);
    this.#write(CONTENT);
    this.#text(this.#length());
    const sender = this.#length();
    if (sender !== NONE) {
      this.#write(SENDER);
      this.#text(sender);
    }
    this.#out[this.#at++] = QUOTE;
    this.#out[this.#at++] = COMMA;
    const metadata = this.#length();
    if (metadata !== NONE) {
      this.#write(METADATA);
      this.#copy(this.#next, metadata);
      this.#next += metadata;
      this.#out[this.#at++] = COMMA;
    }
    this.#write(CREATED);
    this.#time();
    this.#write(UPDATED);
    this.#time();
    this.#write(END);
    const deleted_at = this.#length() === NONE ? null : true;
    return { number, deleted_at, start, end: this.#at };
  }

  /** Reads the length before a column's bytes; NONE if it is NULL. */
  #length(): number {
    const row = this.#row;
    const first = row[this.#next++] ?? 0;
    if (first < 0xfb) return first;
    if (first === 0xfb) return NONE;
    const bytes = first === 0xfc ? 2 : first === 0xfd ? 3 : 8;
    let length = 0;
    for (let place = bytes - 1; place >= 0; place -= 1) length = length * 256 + (row[this.#next + place] ?? 0);
    this.#next += bytes;
    return length;
  }

  #write(bytes: Uint8Array): void {
    const out = this.#out;
    let at = this.#at;
    for (let place = 0; place < bytes.length; place += 1) out[at++] = bytes[place] as number;
    this.#at = at;
  }

  #copy(from: number, length: number): void {
    const [out, row] = [this.#out, this.#row];
    let at = this.#at;
    for (let place = from; place < from + length; place += 1) out[at++] = row[place] as number;
    this.#at = at;
  }

  /** Copies a text of so many bytes as the inside of a JSON string. */
  #text(length: number): void {
    const [out, row] = [this.#out, this.#row];
    const end = this.#next + length;
    let at = this.#at;
    for (let place = this.#next; place < end; place += 1) {
      const byte = row[place] as number;
      if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) out[at++] = byte;
      else at = escaped(out, at, byte);
    }
    this.#at = at;
    this.#next = end;
  }

  #time(): void {
    const length = this.#length();
    if (length !== TIME_BYTES) throw new RangeError(`a time of ${length} characters`);
    const at = this.#at;
    this.#copy(this.#next, length);
    this.#out[at + '2026-01-31'.length] = T;
    this.#next += length;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#out.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#out.length, this.#at + bytes));
    larger.set(this.#out.subarray(0, this.#at));
    this.#out = larger;
  }
}

/** Writes a character that JSON escapes. Returns the place after it. */
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
