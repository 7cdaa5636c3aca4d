import { ChunkedBody, tooLong } from './chunked-body.ts';
import { free, GatheredBytes } from './gathered-bytes.ts';
import { HeadLines } from './head-lines.ts';
import { isRefusal, type Refusal, type RequestHead, readHead } from './request-head.ts';

export interface ReceivedRequest {
  readonly head: RequestHead;
  /** Empty if there is no body. */
  readonly body: Buffer;
}

const END_OF_HEAD_BYTES = 4;
const LF = 0x0a;
const CR = 0x0d;
const NOTHING = Buffer.alloc(0);

/** Takes requests, one after the other, from a connection's bytes. After a refusal nothing more can be read. */
export class RequestReader {
  readonly #bodyBytesMax: (head: RequestHead) => number;
  #input: Buffer = NOTHING;
  #gathered: GatheredBytes | undefined;
  #lines = new HeadLines();
  #head: RequestHead | undefined;
  #chunks: ChunkedBody | undefined;

  constructor(bodyBytesMax: (head: RequestHead) => number) {
    this.#bodyBytesMax = bodyBytesMax;
  }

  /** How many bytes have arrived after the last request that was taken. */
  get bytes(): number {
    return this.#input.length + (this.#chunks?.content.length ?? 0);
  }

  /** The head of the request whose body is still arriving. */
  get head(): RequestHead | undefined {
    return this.#head;
  }

  append(chunk: Buffer): void {
    if (this.#input.length === 0 && this.#gathered === undefined) {
      this.#input = chunk;
      return;
    }
    this.#gather(0).append(chunk);
    free(chunk);
    this.#input = (this.#gathered as GatheredBytes).bytes();
  }

  clear(): void {
    free(this.#input);
    if (this.#chunks !== undefined) free(this.#chunks.content.bytes());
    this.#input = NOTHING;
    this.#gathered = undefined;
    this.#head = undefined;
    this.#chunks = undefined;
  }

  /** Frees the memory of a body that is no longer needed, unless later bytes are in the same memory. */
  release(body: Buffer): void {
    if (this.#input.buffer !== body.buffer) free(body);
  }

  /** Whether a request has begun to arrive. Drops empty lines before it: some clients send them after a body. */
  begun(): boolean {
    if (this.#head !== undefined || this.#lines.begun) return true;
    let at = 0;
    while (this.#input[at] === CR && this.#input[at + 1] === LF) at += 2;
    if (at > 0) this.#consume(at);
    return this.#input.length > 1 || (this.#input.length === 1 && this.#input[0] !== CR);
  }

  /** The next request, or a refusal if it is malformed; undefined if it has not arrived completely. */
  take(): ReceivedRequest | Refusal | undefined {
    if (!this.begun()) return undefined;
    const head = this.#head ?? this.#takeHead();
    if (head !== undefined && isRefusal(head)) return head;
    const body = head && this.#takeBody(head);
    if (head === undefined || body === undefined) {
      this.#compact();
      return undefined;
    }
    if (isRefusal(body)) return body;
    this.#head = undefined;
    this.#chunks = undefined;
    return { head, body };
  }

  #consume(bytes: number): void {
    this.#input = bytes === this.#input.length ? NOTHING : this.#input.subarray(bytes);
    this.#gathered = undefined;
  }

  #gather(expected: number): GatheredBytes {
    if (this.#gathered === undefined) {
      this.#gathered = new GatheredBytes(expected);
      this.#gathered.append(this.#input);
      this.#input = this.#gathered.bytes();
    }
    return this.#gathered;
  }

  /** Copies the waiting bytes if the memory that they are in is more than twice as large, to free that memory. */
  #compact(): void {
    if (this.#gathered !== undefined || this.#input.length === 0) return;
    if (this.#input.buffer.byteLength > 2 * this.#input.length) this.#input = Buffer.from(this.#input);
  }

  #takeHead(): RequestHead | Refusal | undefined {
    const end = this.#lines.find(this.#input);
    if (typeof end !== 'number') return end;
    const head = readHead(this.#input.toString('latin1', 0, end));
    if (isRefusal(head)) return head;
    this.#head = head; // also of a request whose body is refused
    const bytesMax = this.#bodyBytesMax(head);
    if (typeof head.body === 'number' && head.body > bytesMax) return tooLong(bytesMax);
    this.#consume(end + END_OF_HEAD_BYTES);
    this.#lines = new HeadLines();
    if (head.body === 'chunked') this.#chunks = new ChunkedBody(bytesMax);
    return head;
  }

  #takeBody({ body }: RequestHead): Buffer | Refusal | undefined {
    if (body === 0) return NOTHING;
    if (body !== 'chunked') {
      if (this.#input.length < body) {
        this.#gather(body);
        return undefined;
      }
      const content = this.#input.subarray(0, body);
      this.#consume(body);
      return content;
    }
    const chunks = this.#chunks as ChunkedBody;
    const taken = chunks.take(this.#input);
    if (taken !== undefined && isRefusal(taken)) return taken;
    this.#consume(this.#input.length - (taken?.rest.length ?? 0));
    return taken === undefined ? undefined : chunks.content.bytes();
  }
}
