import type { Socket } from 'bun';
import type { Entrant } from './admission.ts';
import { answerOf } from './answer.ts';
import { isRefusal, type Refusal, type RequestHead } from './request-head.ts';
import { type ReceivedRequest, RequestReader } from './request-reader.ts';
import type { Shared } from './shared.ts';

export type ConnectionSocket = Socket<{ connection: Connection }>;

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
/** How much input is read ahead while a request is answered. Beyond this the socket is not read. */
const AHEAD_BYTES_MAX = 64 * 1024;
/** An answer's content up to this size is copied behind its head: that is cheaper than a second write. */
const JOINED_BYTES_MAX = 64 * 1024;
/** A request with a larger body is admitted like one with a long answer: handling it takes memory. */
const LARGE_BODY_BYTES = 128 * 1024;
/** How fast, on average, a client must read its answer while other requests wait for memory. */
const SHORT_BYTES_PER_MS = 4_000;

/**
 * `waiting`: until Admission lets the request start. `lingering`: the last answer is written, and further input is
 * dropped.
 */
type State = 'idle' | 'reading' | 'waiting' | 'answering' | 'sending' | 'lingering' | 'closed';

/** One client's connection: reads a request, answers it, and only then reads the next one. */
export class Connection {
  readonly #socket: ConnectionSocket;
  readonly #shared: Shared;
  readonly #reader: RequestReader;
  #state: State = 'idle';
  /** When this state (idle, reading a request, sending) began. As performance.now(), like all times of this class. */
  #since = performance.now();
  #deadline: number;
  #entrant: Entrant | undefined;
  /** The size of the current request's body. */
  #bodyBytes = 0;
  #heldBytes = 0;
  #inputEnded = false;
  #paused = false;
  #keepAlive = true;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #answerBytes = 0;
  #movedAt = 0;
  /**
   * How many bytes the operating system took for sending at `#movedAt`. How many the client has received is unknown.
   */
  #movedBytes = 0;

  constructor(socket: ConnectionSocket, shared: Shared) {
    this.#socket = socket;
    this.#shared = shared;
    this.#reader = new RequestReader(shared.limits.bodyBytesMax);
    this.#deadline = this.#since + shared.limits.headMs;
  }

  get idle(): boolean {
    return this.#state === 'idle';
  }

  /**
   * Milliseconds without a request's head, infinite while lingering: the connection with most is closed to make room
   * for a new one. Undefined during a request.
   */
  get spareMs(): number | undefined {
    if (this.#state === 'lingering') return Number.POSITIVE_INFINITY;
    const spare = this.#state === 'idle' || (this.#state === 'reading' && this.#reader.head === undefined);
    return spare ? performance.now() - this.#since : undefined;
  }

  /**
   * How much the connection burdens memory: the bytes of requests that it holds, times milliseconds. If memory is
   * short, the one with most drops its requests. Undefined if it holds none, or while an answer is being made.
   */
  get hoarded(): number | undefined {
    if (this.#heldBytes === 0 || this.#state === 'answering') return undefined;
    return this.#heldBytes * (1 + performance.now() - this.#since);
  }

  /**
   * How late the client is in reading, in milliseconds: the time since the system last took bytes for sending, less
   * what these may take at SHORT_BYTES_PER_MS. Undefined if nothing is being sent.
   */
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

  /** On the end of the client's input: it will send nothing more, but may still read answers. */
  ended(): void {
    this.#inputEnded = true;
    if (this.#state === 'reading') this.refuse({ status: 400, detail: 'The request did not arrive as a whole.' });
    else if (!this.#isAnswering()) this.finish();
  }

  /** Called when the socket accepts bytes again: sends the rest of the answer. */
  drained(): void {
    if (this.#state === 'sending') this.#flush();
  }

  /** Answers with the refusal and closes: it is unknown where this request ends, so no further one can be read. */
  refuse(refusal: Refusal, head: RequestHead | undefined = this.#reader.head): void {
    if (this.#state === 'closed') return;
    this.#leave();
    this.#state = 'answering';
    this.#reader.clear();
    this.#bodyBytes = 0;
    this.#countHeld();
    this.#answer(async () => this.#shared.refuse(refusal, head), undefined);
  }

  /**
   * Drops the requests that the connection holds, to free memory for others: refuses them, or cuts an answer that is
   * being sent. Does nothing while an answer is being made.
   */
  relieve(refusal: Refusal): void {
    if (this.#state === 'sending') this.abort();
    else if (this.#state !== 'answering') this.refuse(refusal);
  }

  /** Closes the connection after the operating system has sent its buffered bytes. May be called again. */
  finish(): void {
    if (this.#release()) this.#socket.end();
  }

  /** Cuts the connection at once; unsent bytes are dropped. May be called again. */
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
      this.refuse(refusal, head);
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
      refuse: () => this.refuse(FULL, head),
    };
    this.#shared.admission.enter(this.#entrant);
  }

  #leave(): void {
    if (this.#entrant === undefined) return;
    this.#shared.admission.leave(this.#entrant);
    this.#entrant = undefined;
  }

  #answer(serve: () => Promise<Response>, head: RequestHead | undefined): void {
    this.#make(serve, head).catch(() => this.abort());
  }

  /** Makes the answer and begins to send it. `head` is undefined for a refusal. */
  async #make(serve: () => Promise<Response>, head: RequestHead | undefined): Promise<void> {
    const response = await serve();
    const mayStay = head?.keepAlive === true && !this.#shared.draining;
    const keepAlive = mayStay && response.headers.get('connection') !== 'close';
    const says = !keepAlive ? 'close' : head?.http10 ? 'keep-alive' : undefined;
    const { head: line, content } = await answerOf(response, head?.method ?? 'GET', says);
    if (this.#state !== 'answering') return; // the connection was closed while the answer was made
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

  /** Marks the connection closed and frees its memory; the caller ends the socket. Returns whether it was open. */
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
