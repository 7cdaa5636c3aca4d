import type { Socket } from 'bun';
import type { Entrant } from './admission.ts';
import { answerOf } from './answer.ts';
import { isRefusal, type Refusal, type RequestHead } from './request-head.ts';
import { type ReceivedRequest, RequestReader } from './request-reader.ts';
import type { Shared } from './shared.ts';

export type ConnectionSocket = Socket<{ connection: Connection }>;

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
/** What comes while a request is answered stays in the system's buffers beyond this. */
const AHEAD_BYTES_MAX = 64 * 1024;
/** Copying less than this costs less than another call of the system. */
const JOINED_BYTES_MAX = 64 * 1024;
/** The answer to a request with more than this is treated as a long one: it takes memory to make. */
const LARGE_BODY_BYTES = 128 * 1024;
/** What a client must take on average where memory is short. */
const SHORT_BYTES_PER_MS = 4_000;

/** `waiting`: for admission; `lingering`: the last answer is with the system, and what the client sends is dropped. */
type State = 'idle' | 'reading' | 'waiting' | 'answering' | 'sending' | 'lingering' | 'closed';

/** One client's connection: reads a request, answers it, and only then reads the next one. */
export class Connection {
  readonly #socket: ConnectionSocket;
  readonly #shared: Shared;
  readonly #reader: RequestReader;
  #state: State = 'idle';
  /** Of performance.now(), as all times here. */
  #since = performance.now();
  #deadline: number;
  #entrant: Entrant | undefined;
  /** Of the body that is being answered. */
  #bodyBytes = 0;
  #heldBytes = 0;
  #inputEnded = false;
  #paused = false;
  #keepAlive = true;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #answerBytes = 0;
  #movedAt = 0;
  /** That the system took at once then: what the client has of them is not known. */
  #movedBytes = 0;

  constructor(socket: ConnectionSocket, shared: Shared) {
    this.#socket = socket;
    this.#shared = shared;
    this.#reader = new RequestReader(shared.limits.bodyBytesMax);
    this.#deadline = this.#since + shared.limits.headMs;
  }

  /** Whether it is without a request. */
  get idle(): boolean {
    return this.#state === 'idle';
  }

  /** How readily it makes room for another connection: the higher the first; undefined where a request is under way. */
  get spareMs(): number | undefined {
    if (this.#state === 'lingering') return Number.POSITIVE_INFINITY;
    const spare = this.#state === 'idle' || (this.#state === 'reading' && this.#reader.head === undefined);
    return spare ? performance.now() - this.#since : undefined;
  }

  /** What it holds of requests that nobody has begun to answer, in bytes times milliseconds; undefined for nothing. */
  get hoarded(): number | undefined {
    if (this.#heldBytes === 0 || this.#state === 'answering') return undefined;
    return this.#heldBytes * (1 + performance.now() - this.#since);
  }

  /** For how long its client has taken less of an answer than it must where memory is short; undefined where none waits. */
  stalledMs(now: number): number | undefined {
    return this.#state === 'sending' ? now - this.#movedAt - this.#movedBytes / SHORT_BYTES_PER_MS : undefined;
  }

  received(chunk: Buffer): void {
    if (this.#state === 'lingering' || this.#state === 'closed') return;
    this.#reader.append(chunk);
    if (this.#state === 'idle' || this.#state === 'reading') this.#read();
    else if (this.#reader.bytes > AHEAD_BYTES_MAX) this.#pause();
    this.#countHeld();
  }

  /** The client sends nothing more; it may still want its answers. */
  ended(): void {
    this.#inputEnded = true;
    if (this.#state === 'reading') this.refuse({ status: 400, detail: 'The request did not arrive as a whole.' });
    else if (!this.#isAnswering()) this.finish();
  }

  /** The socket takes bytes again. */
  drained(): void {
    if (this.#state === 'sending') this.#flush();
  }

  /** Answers and closes: what follows on the connection cannot be told from the rest of this request. */
  refuse(refusal: Refusal): void {
    if (this.#state === 'closed') return;
    this.#leave();
    this.#state = 'answering';
    this.#reader.clear();
    this.#bodyBytes = 0;
    this.#countHeld();
    this.#answer(async () => this.#shared.refuse(refusal), undefined);
  }

  /** Gives up what it holds of its client's bytes, for the sake of others. */
  relieve(refusal: Refusal): void {
    if (this.#state === 'sending') this.abort();
    else if (this.#state !== 'answering') this.refuse(refusal);
  }

  /** Ends the connection; what the system has of an answer is still sent. May be called again. */
  finish(): void {
    if (this.#release()) this.#socket.end();
  }

  /** Ends the connection at once, with what was not sent. May be called again. */
  abort(): void {
    if (this.#release()) this.#socket.terminate();
  }

  sweep(now: number): void {
    if (this.#state === 'sending') {
      const { stallMs, sendBytesPerMs } = this.#shared.limits;
      const slow = now - this.#since - stallMs > this.#answerBytes / sendBytesPerMs;
      if (slow || now - this.#movedAt > stallMs) this.abort();
    } else if (now > this.#deadline && !this.#isAnswering()) {
      if (this.#state === 'reading') this.refuse({ status: 408, detail: 'The request did not arrive in time.' });
      else this.finish();
    }
  }

  #read(): void {
    if (this.#state === 'idle') {
      if (!this.#reader.begun()) return;
      this.#state = 'reading';
      this.#since = performance.now();
      this.#deadline = this.#since + this.#shared.limits.headMs;
    }
    const before = this.#reader.head;
    const request = this.#reader.take();
    const head = this.#reader.head ?? before;
    if (request === undefined) {
      if (before === undefined && head !== undefined) this.#awaitBody(head);
    } else if (isRefusal(request)) {
      this.refuse(request);
    } else {
      this.#enter(request);
    }
  }

  #awaitBody(head: RequestHead): void {
    const refusal = this.#shared.check(head);
    this.#deadline = this.#since + this.#shared.limits.requestMs;
    if (refusal !== undefined) this.refuse(refusal);
    else if (head.expectsContinue && this.#socket.write(CONTINUE) < CONTINUE.length) this.abort();
  }

  #enter({ head, body }: ReceivedRequest): void {
    const refusal = this.#shared.check(head);
    if (refusal !== undefined) {
      this.refuse(refusal);
      return;
    }
    this.#state = 'waiting';
    this.#bodyBytes = body.length;
    this.#entrant = {
      long: body.length > LARGE_BODY_BYTES || this.#shared.isLong(head),
      start: () => {
        this.#entrant = undefined;
        this.#state = 'answering';
        this.#answer(() => this.#shared.serve(head, body), head);
        this.#reader.release(body);
      },
      refuse: () => this.refuse(FULL),
    };
    this.#shared.admission.enter(this.#entrant);
  }

  /** The request that waits for admission, if any, is given up. */
  #leave(): void {
    if (this.#entrant === undefined) return;
    this.#shared.admission.leave(this.#entrant);
    this.#entrant = undefined;
  }

  #answer(serve: () => Promise<Response>, head: RequestHead | undefined): void {
    this.#make(serve, head).catch(() => this.abort());
  }

  /** `head` is undefined where the request was refused before it was understood. */
  async #make(serve: () => Promise<Response>, head: RequestHead | undefined): Promise<void> {
    const response = await serve();
    const mayStay = head?.keepAlive === true && !this.#shared.draining;
    const keepAlive = mayStay && response.headers.get('connection') !== 'close';
    const says = !keepAlive ? 'close' : head?.http10 ? 'keep-alive' : undefined;
    const { head: line, content } = await answerOf(response, head?.method ?? 'GET', says);
    if (this.#state !== 'answering') return; // closed meanwhile
    this.#bodyBytes = 0;
    this.#countHeld();
    const joined = content.length > 0 && content.length <= JOINED_BYTES_MAX;
    this.#unsent = joined ? [Buffer.concat([line, content])] : [line, content];
    this.#answerBytes = this.#unsentBytes = line.length + content.length;
    this.#shared.admission.made(this.#answerBytes, head !== undefined && this.#shared.isLong(head));
    this.#keepAlive = keepAlive;
    this.#state = 'sending';
    this.#since = this.#movedAt = performance.now();
    this.#movedBytes = 0;
    this.#flush();
  }

  #flush(): void {
    for (let piece = this.#unsent[0]; piece !== undefined; piece = this.#unsent[0]) {
      const written = piece.length === 0 ? 0 : this.#socket.write(piece);
      if (written < 0) {
        this.abort();
        return;
      }
      if (written > 0) {
        this.#movedAt = performance.now();
        this.#movedBytes = written;
      }
      this.#countSent(written);
      if (written < piece.length) {
        this.#unsent[0] = piece.subarray(written);
        return;
      }
      this.#unsent.shift();
    }
    if (this.#keepAlive) this.#next();
    else this.#linger();
  }

  #next(): void {
    this.#state = 'idle';
    this.#since = performance.now();
    this.#deadline = this.#since + this.#shared.limits.idleMs;
    this.#read();
    this.#countHeld();
    if (this.#inputEnded) this.ended();
    else if (!this.#isAnswering()) this.#resume();
  }

  #isAnswering(): boolean {
    return this.#state === 'waiting' || this.#state === 'answering' || this.#state === 'sending';
  }

  #linger(): void {
    if (this.#inputEnded) {
      this.finish();
      return;
    }
    this.#state = 'lingering';
    this.#deadline = performance.now() + this.#shared.limits.lingerMs;
    this.#reader.clear();
    this.#countHeld();
    this.#socket.shutdown();
    this.#resume();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** Whether it was open until now. */
  #release(): boolean {
    if (this.#state === 'closed') return false;
    this.#leave();
    this.#state = 'closed';
    this.#reader.clear();
    this.#bodyBytes = 0;
    this.#countHeld();
    this.#unsent = [];
    this.#countSent(this.#unsentBytes);
    return true;
  }

  #countSent(bytes: number): void {
    if (bytes === 0) return;
    this.#unsentBytes -= bytes;
    this.#shared.admission.sent(bytes);
  }

  #countHeld(): void {
    const bytes = this.#reader.bytes + this.#bodyBytes;
    const change = bytes - this.#heldBytes;
    if (change === 0) return;
    this.#heldBytes = bytes;
    this.#shared.held(change);
  }
}

export const FULL: Refusal = {
  status: 503,
  detail: 'Too much waits to be received or sent; try again.',
  headers: { 'retry-after': '1' },
};
