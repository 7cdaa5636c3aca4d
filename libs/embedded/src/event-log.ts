import {
  ACKNOWLEDGE_WITHIN_MS,
  approximateBytes,
  type Event,
  type EventLog,
  EventRejected,
  type EventSource,
  type PublishTaker,
  type Rejection,
  rowsOf,
  type StoreEvents,
  type Token,
  Unavailable,
} from '@parley/domain';
import { throwApart, within } from '@parley/runtime';

/**
 * The limits of a transaction, in rows and bytes. Further events wait for the next, in a later turn of the event loop.
 */
const BATCH_ROWS_MAX = 5_000;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** The result of every fence: any read will do, because the file has no copy that could be older. */
const ONLY_COPY = 0;
/** How often waiting events are checked. An event is refused two checks before its answer is due, to be in time. */
const OVERDUE_LOOK_MS = 100;
const WAIT_MAX_MS = ACKNOWLEDGE_WITHIN_MS - 2 * OVERDUE_LOOK_MS;

/** How long creates are refused, before they draw a number, after a commit has failed. */
const REFUSED_AFTER_FAILURE_MS = 500;

/** An event that waits for its commit; without `event` a fence, which waits for all events before it. */
interface Waiting {
  readonly event?: Event;
  readonly bytes: number;
  /** When the item was queued, by performance.now(). */
  readonly since: number;
  /** Whether `resolve` or `reject` has been called. */
  told: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Follows each attempt to publish an event: `begun` at its start, `ended` when the event is stored or never can be. */
export interface Attempts {
  begun(event: Event): void;
  ended(event: Event): void;
}

/**
 * The event log of one process. Events of one turn of the event loop are stored in one batch, and each creator gets its
 * answer after the batch's commit (group commit). The log keeps nothing: if a batch fails, its creators are refused,
 * and a rejected event is an error for its creator instead of a dead letter. A create must be answered within two
 * seconds. Shortly before, an event that still waits is refused and never stored; one in the batch being stored is
 * refused too, but may be stored.
 */
export class EmbeddedLog implements EventLog, EventSource {
  #waiting: Waiting[] = [];
  #storing: readonly Waiting[] = [];
  #waitingBytes = 0;
  #handle: StoreEvents | undefined;
  #failedUntil = 0;
  #flushing: Promise<void> | undefined;
  #accepting = false;

  constructor(
    private readonly queueBytesMax: number,
    private readonly attempts: Attempts,
  ) {}

  /**
   * Returns an error if creates must be refused before they draw (and waste) a number: the log is stopped or full, or a
   * commit just failed, so the next probably fails too.
   */
  refusal(_token: Token): Unavailable | undefined {
    const failed = performance.now() < this.#failedUntil;
    return this.#cannotTake() ?? (failed ? new Unavailable('store', 'The store could not be written.') : undefined);
  }

  #cannotTake(): Unavailable | undefined {
    if (!this.#accepting) return new Unavailable('event log', 'The server is stopping.');
    return this.#waitingBytes < this.queueBytesMax ? undefined : tooMuchWaits();
  }

  publish(event: Event, taker: PublishTaker): void {
    this.attempts.begun(event);
    const refusal = this.#cannotTake();
    if (refusal !== undefined) {
      this.attempts.ended(event);
      taker.publishFailed(refusal);
      return;
    }
    this.#enqueue({
      event,
      bytes: approximateBytes(event),
      resolve: () => taker.published(),
      reject: (error) => taker.publishFailed(error),
    });
  }

  /** Resolves when all events in the log are stored or refused. Rejects with Unavailable after `timeoutMs`. */
  async fence(_token: Token, timeoutMs: number): Promise<number> {
    if (this.#flushing === undefined) return ONLY_COPY;
    const late = () => new Unavailable('event log', 'What was accepted before is not stored yet.');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#enqueue({ bytes: 0, resolve, reject });
    await within(promise, timeoutMs, late);
    return ONLY_COPY;
  }

  async consume(store: StoreEvents): Promise<void> {
    this.#handle = store;
    this.#accepting = true;
  }

  /** Refuses new events first and then stores the waiting ones, so none is left when it resolves. */
  async stop(): Promise<void> {
    this.#accepting = false;
    await this.#flushing;
  }

  #enqueue(item: Omit<Waiting, 'since' | 'told'>): void {
    this.#waiting.push({ ...item, since: performance.now(), told: false });
    this.#waitingBytes += item.bytes;
    this.#flushing ??= this.#flush();
  }

  async #flush(): Promise<void> {
    const overdue = setInterval(() => this.#refuseOverdue(), OVERDUE_LOOK_MS);
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve)); // so all events of this turn share a batch
      this.#refuseOverdue();
      this.#storing = this.#take();
      await this.#store(this.#storing);
      this.#storing = [];
    }
    clearInterval(overdue);
    this.#flushing = undefined; // no `await` before this: an event added from now on must start a new flush
  }

  #refuseOverdue(): void {
    const before = performance.now() - WAIT_MAX_MS;
    const isOverdue = ({ event, since }: Waiting) => event !== undefined && since < before;
    for (const item of this.#storing) if (isOverdue(item)) this.#tell(item, tooSlow());
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

  #settle(item: Waiting, error: Error | undefined): void {
    this.#waitingBytes -= item.bytes;
    if (item.event !== undefined) this.attempts.ended(item.event);
    this.#tell(item, item.event && error);
  }

  /** Tells what became of an item, unless it was told before that this takes too long. */
  #tell(item: Waiting, error: Error | undefined): void {
    if (item.told) return;
    item.told = true;
    try {
      if (error === undefined) item.resolve();
      else item.reject(error);
    } catch (thrown) {
      throwApart(thrown); // the log must go on for the others
    }
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
