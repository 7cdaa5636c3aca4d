import {
  ACKNOWLEDGE_WITHIN_MS,
  approximateBytes,
  type Event,
  type EventLog,
  EventRejected,
  type EventSource,
  type Rejection,
  rowsOf,
  type StoreEvents,
  type Token,
  Unavailable,
} from '@parley/domain';
import { within } from '@parley/runtime';

/** A transaction takes at most so much; more is committed in further ones, with a turn of the event loop between. */
const BATCH_ROWS_MAX = 5_000;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** There is no copy of the file that could be older, so every read may be used. */
const ONLY_COPY = 0;
/** Looked for at this interval while anything waits, and refused so much before the limit that the limit holds. */
const OVERDUE_LOOK_MS = 100;
const WAIT_MAX_MS = ACKNOWLEDGE_WITHIN_MS - 2 * OVERDUE_LOOK_MS;

/** How long creates are refused before their draw after a commit has failed. */
const REFUSED_AFTER_FAILURE_MS = 500;

/** An event that waits for its commit, or a fence (no event) that waits for all before it. */
interface Waiting {
  readonly event?: Event;
  readonly bytes: number;
  /** When it came, by performance.now(). */
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Hears of each attempt to publish an event: of its begin, and once of its end, when it is committed or never will be. */
export interface Attempts {
  begun(event: Event): void;
  ended(event: Event): void;
}

/**
 * The event log of one process: what one turn of the event loop accepts is handed to the store in one batch, and each
 * creator is answered after that batch's commit (group commit). Nothing is kept here, so a creator whose batch fails is
 * refused, and a rejected event is its creator's error, not a dead letter.
 * After two seconds an acknowledgement would come too late: an event that still waits then is refused and never stored;
 * of one that the store has in the hand it is not known.
 */
export class EmbeddedLog implements EventLog, EventSource {
  #waiting: Waiting[] = [];
  #inHand: readonly Waiting[] = [];
  #waitingBytes = 0;
  #handle: StoreEvents | undefined;
  #failedUntil = 0;
  #flushing: Promise<void> | undefined;
  #accepting = false;

  constructor(
    private readonly queueBytesMax: number,
    private readonly attempts: Attempts,
  ) {}

  /** A commit that failed a moment ago is likely to fail again: no number is spent on finding out at every request. */
  refusal(_token: Token): Unavailable | undefined {
    const failed = performance.now() < this.#failedUntil;
    return this.#cannotTake() ?? (failed ? new Unavailable('store', 'The store could not be written.') : undefined);
  }

  #cannotTake(): Unavailable | undefined {
    if (!this.#accepting) return new Unavailable('event log', 'The server is stopping.');
    return this.#waitingBytes < this.queueBytesMax ? undefined : tooMuchWaits();
  }

  publish(event: Event): Promise<void> {
    this.attempts.begun(event);
    const refusal = this.#cannotTake();
    if (refusal !== undefined) {
      this.attempts.ended(event);
      return Promise.reject(refusal);
    }
    return this.#enqueue({ event, bytes: approximateBytes(event) });
  }

  /** What is durable here is stored; the wait is for what is under way. */
  async fence(_token: Token, timeoutMs: number): Promise<number> {
    if (this.#flushing === undefined) return ONLY_COPY;
    const late = () => new Unavailable('event log', 'What was accepted before is not stored yet.');
    await within(this.#enqueue({ bytes: 0 }), timeoutMs, late);
    return ONLY_COPY;
  }

  async consume(store: StoreEvents): Promise<void> {
    this.#handle = store;
    this.#accepting = true;
  }

  /** Refuses first and flushes then, so that nothing comes between the last flush and the end. */
  async stop(): Promise<void> {
    this.#accepting = false;
    await this.#flushing;
  }

  #enqueue({ event, bytes }: { event?: Event; bytes: number }): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ ...(event && { event }), bytes, since: performance.now(), resolve, reject });
    this.#waitingBytes += bytes;
    this.#flushing ??= this.#flush();
    return promise;
  }

  async #flush(): Promise<void> {
    const overdue = setInterval(() => this.#refuseOverdue(), OVERDUE_LOOK_MS);
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve)); // everything that this turn of the loop reads comes along
      this.#refuseOverdue();
      this.#inHand = this.#take();
      await this.#store(this.#inHand);
      this.#inHand = [];
    }
    clearInterval(overdue);
    this.#flushing = undefined; // at once: what is enqueued after the last look at the queue must begin a flush of its own
  }

  #refuseOverdue(): void {
    const before = performance.now() - WAIT_MAX_MS;
    const isOverdue = ({ event, since }: Waiting) => event !== undefined && since < before;
    for (const item of this.#inHand) if (isOverdue(item)) item.reject(tooSlow());
    const first = this.#waiting[0];
    if (first === undefined || first.since >= before) return;
    const overdue = this.#waiting.filter(isOverdue);
    this.#waiting = this.#waiting.filter((item) => !isOverdue(item));
    for (const item of overdue) this.#settle(item, tooMuchWaits());
  }

  #take(): Waiting[] {
    let rows = 0;
    let bytes = 0;
    let end = 0;
    for (const item of this.#waiting) {
      rows += item.event === undefined ? 0 : rowsOf(item.event);
      bytes += item.bytes;
      if (end > 0 && (rows > BATCH_ROWS_MAX || bytes > BATCH_BYTES_MAX)) break;
      end += 1;
    }
    const taken = end === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, end);
    this.#waiting = end === this.#waiting.length ? [] : this.#waiting.slice(end);
    return taken;
  }

  async #store(batch: readonly Waiting[]): Promise<void> {
    const events = batch.flatMap(({ event }) => (event === undefined ? [] : [event]));
    let rejections: readonly Rejection[] = [];
    let failure: Unavailable | undefined;
    try {
      if (events.length > 0 && this.#handle !== undefined) rejections = await this.#handle(events, 0);
    } catch (error) {
      failure = error instanceof Unavailable ? error : unknownFailure(error);
      this.#failedUntil = performance.now() + REFUSED_AFTER_FAILURE_MS;
    }
    const rejected = new Map(rejections.map(({ event, reason }) => [event, new EventRejected(reason)]));
    for (const item of batch) this.#settle(item, failure ?? (item.event && rejected.get(item.event)));
  }

  #settle({ event, bytes, resolve, reject }: Waiting, error: Error | undefined): void {
    this.#waitingBytes -= bytes;
    if (event !== undefined) this.attempts.ended(event);
    if (error === undefined || event === undefined) resolve();
    else reject(error);
  }
}

function tooMuchWaits(): Unavailable {
  return new Unavailable('requests', 'Too much is waiting to be stored.');
}

function tooSlow(): Unavailable {
  return new Unavailable('store', 'The store did not answer in time.');
}

function unknownFailure(cause: unknown): Unavailable {
  return new Unavailable('store', 'The store did not take the event.', { cause });
}
