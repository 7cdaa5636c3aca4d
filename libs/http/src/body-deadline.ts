/**
 * The time in which a request body must arrive. Without it, a client that sends a byte a second would keep its
 * connection and memory for ever. One timer for all bodies is cheaper than one for each, but a refusal comes up to a
 * tenth of the deadline late.
 */
import { RequestProblem } from './problem.ts';

const DEFAULT_MS = 30_000;
const LOOKS = 10;

interface Waiting {
  readonly since: number;
  readonly refuse: (problem: RequestProblem) => void;
}

let deadlineMs = DEFAULT_MS;
/** The bodies that have not arrived, in the order in which their requests came. */
const waiting = new Set<Waiting>();
let timer: NodeJS.Timeout | undefined;

/** Sets the deadline of all bodies of this process, in milliseconds. The default is 30 s. */
export function bodyDeadline(ms: number): void {
  if (!(ms > 0)) throw new RangeError(`the deadline of bodies must be above zero, not ${ms}`);
  deadlineMs = ms;
  clearInterval(timer);
  timer = waiting.size > 0 ? startTimer() : undefined;
}

export function bodiesWaiting(): number {
  return waiting.size;
}

/**
 * Begins to read a body. It can be taken with `arrived` at the end of the event loop's turn: a small body arrives with
 * its request's head.
 */
export function reading(request: Request): Promise<ArrayBuffer> {
  const body = request.arrayBuffer();
  body.catch(ignore); // the client may disconnect before anything awaits `body`: no unhandled rejection
  return body;
}

/** The body if it has arrived; else a promise for it, which rejects with a 408 if it has not arrived by the deadline. */
export function arrived(body: Promise<ArrayBuffer>): ArrayBuffer | Promise<ArrayBuffer> {
  const bytes = Bun.peek(body);
  if (bytes instanceof ArrayBuffer) return bytes;
  return Bun.peek.status(body) === 'pending' ? inTime(body) : body;
}

let turn: Promise<void> | undefined;

/** The end of the event loop's turn. All requests of a turn wait for it with one promise. */
export function endOfTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined;
      resolve();
    });
  });
  return turn;
}

function ignore(): void {}

function inTime(body: Promise<ArrayBuffer>): Promise<ArrayBuffer> {
  return new Promise((resolve, reject) => {
    const entry: Waiting = { since: performance.now(), refuse: reject };
    waiting.add(entry);
    timer ??= startTimer();
    body.then(
      (bytes) => {
        waiting.delete(entry);
        resolve(bytes);
      },
      (error: unknown) => {
        waiting.delete(entry);
        reject(error);
      },
    );
  });
}

function startTimer(): NodeJS.Timeout {
  return setInterval(refuseLate, deadlineMs / LOOKS).unref();
}

function refuseLate(): void {
  const begunBefore = performance.now() - deadlineMs;
  for (const entry of waiting) {
    if (entry.since > begunBefore) break;
    waiting.delete(entry);
    const closing = { connection: 'close' };
    entry.refuse(new RequestProblem(408, 'The request did not arrive in time.', undefined, closing));
  }
  if (waiting.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
