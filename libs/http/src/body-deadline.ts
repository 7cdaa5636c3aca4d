import { RequestProblem } from './problem.ts';

/**
 * How long a body may take to arrive, whole: a client that sends a byte a second would keep its connection and what was
 * read of it for ever. One timer looks at all bodies that are under way, so a request costs an entry in a set and not a
 * timer of its own; a deadline is therefore kept to within a tenth.
 */
const DEFAULT_MS = 30_000;
const LOOKS = 10;

interface Waiting {
  readonly since: number;
  readonly refuse: (problem: RequestProblem) => void;
}

let deadlineMs = DEFAULT_MS;
/** In the order in which they began to wait. */
const waiting = new Set<Waiting>();
let timer: NodeJS.Timeout | undefined;

/** Sets the deadline of all bodies of this process, in milliseconds; 30 s where it is never called. */
export function bodyDeadline(ms: number): void {
  if (!(ms > 0)) throw new RangeError(`the deadline of bodies must be above zero, not ${ms}`);
  deadlineMs = ms;
  clearInterval(timer);
  timer = waiting.size > 0 ? startTimer() : undefined;
}

/** How many bodies are under way. */
export function bodiesWaiting(): number {
  return waiting.size;
}

/**
 * The body once it is read. Rejects with 408 where it has not arrived by the deadline.
 *
 * A body that came with its head is here at the end of the event loop's turn. All requests of a turn wait for that
 * together, which costs less than a promise for each: what they do next is done in one go as well.
 */
export async function arrived(body: Promise<ArrayBuffer>): Promise<ArrayBuffer> {
  body.catch(ignore); // a client may leave before anybody waits for it
  await endOfTurn();
  return Bun.peek.status(body) === 'pending' ? inTime(body) : body;
}

let turn: Promise<void> | undefined;

function endOfTurn(): Promise<void> {
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
