import {
  ACKNOWLEDGE_WITHIN_MS,
  approximateBytes,
  ENVELOPE_BYTES_MAX,
  type Event,
  encodeEnvelope,
  type PublishTaker,
  Unavailable,
} from '@parley/domain';
import { throwApart } from '@parley/runtime';
import { away } from './connection.ts';
import type { Outbox } from './outbox.ts';
import type { RabbitmqStats } from './stats.ts';

/** How long an event may wait for its confirm. 150 ms remain for the timer that finds it late, and for the answer. */
const SETTLE_WITHIN_MS = ACKNOWLEDGE_WITHIN_MS - 150;
/** After RabbitMQ refused an envelope, events are refused for this long: a full queue stays full for a while. */
const REFUSE_AFTER_FAILURE_MS = 500;
/** The approximate limit of the bytes of events that wait to be published. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;

const PROPERTIES = { contentType: 'application/json', type: 'events' } as const;

interface Waiting {
  /** Whether the taker has been told. */
  settled: boolean;
  readonly event: Event;
  readonly bytes: number;
  readonly deadline: number;
  readonly taker: PublishTaker;
}

export interface PartitionPublisherOptions {
  readonly outbox: Pick<Outbox, 'state' | 'send'>;
  readonly partition: number;
  readonly queue: string;
  /** How many envelopes may be unconfirmed at once. */
  readonly window: number;
  readonly stats: RabbitmqStats;
}

/**
 * Publishes the events of one partition. The events of one turn of the event loop share a message, the envelope. While
 * as many envelopes are unconfirmed as the window allows, further events gather: under more load envelopes become
 * larger.
 */
export class PartitionPublisher {
  readonly #options: PartitionPublisherOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  readonly #unconfirmed = new Set<readonly Waiting[]>();
  #refusedUntil = 0;
  #scheduled = false;

  constructor(options: PartitionPublisherOptions) {
    this.#options = options;
  }

  refusal(): Unavailable | undefined {
    const { state } = this.#options.outbox;
    if (state === 'away') return away();
    if (state === 'blocked') return new Unavailable('event log', 'The event log takes nothing right now.');
    if (this.#refusedUntil > 0 && this.#refusedUntil > performance.now()) {
      return new Unavailable('event log', 'The event log is full.');
    }
    if (this.#waitingBytes < WAITING_BYTES_MAX) return undefined;
    return new Unavailable('requests', 'Too much waits for the event log.');
  }

  publish(event: Event, taker: PublishTaker): void {
    const refusal = this.refusal();
    if (refusal !== undefined) {
      taker.publishFailed(refusal);
      return;
    }
    const bytes = approximateBytes(event);
    this.#waiting.push({ event, bytes, deadline: performance.now() + SETTLE_WITHIN_MS, taker, settled: false });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes < ENVELOPE_BYTES_MAX) this.#schedule();
    else this.flush(); // more would only wait, and large ones would soon be too much
  }

  /**
   * Rejects events that are late at `now`. Their envelope counts as unconfirmed until RabbitMQ confirms or refuses it.
   */
  expire(now: number): void {
    const inTime = this.#waiting.findIndex(({ deadline }) => deadline > now);
    for (const late of this.#take(inTime === -1 ? this.#waiting.length : inTime)) this.#rejectLate(late);
    for (const envelope of this.#unconfirmed) {
      if ((envelope[0]?.deadline ?? now) > now) return; // later envelopes have later deadlines
      for (const item of envelope) if (item.deadline <= now) this.#rejectLate(item);
    }
  }

  /** Called after a reconnect: a refusal on the old connection does not count any more. */
  opened(): void {
    this.#refusedUntil = 0;
    this.flush();
  }

  /** Called when the connection is lost. Rejects all unpublished events. The outbox rejects the unconfirmed ones. */
  lost(): void {
    for (const item of this.#take(this.#waiting.length)) this.#settle(item, away());
  }

  /** Publishes waiting events until too many envelopes are unconfirmed. */
  flush(): void {
    const { outbox, window } = this.#options;
    while (this.#waiting.length > 0 && this.#unconfirmed.size < window && outbox.state === 'open') {
      this.#send(this.#take(this.#envelopeLength()));
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#unconfirmed.size >= this.#options.window) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Returns how many of the waiting events fit into one envelope; at least one. */
  #envelopeLength(): number {
    let bytes = 0;
    let length = 0;
    for (const item of this.#waiting) {
      bytes += item.bytes;
      if (length > 0 && bytes > ENVELOPE_BYTES_MAX) break;
      length += 1;
    }
    return length;
  }

  #take(length: number): Waiting[] {
    const taken = this.#waiting.splice(0, length);
    for (const { bytes } of taken) this.#waitingBytes -= bytes;
    return taken;
  }

  #send(envelope: readonly Waiting[]): void {
    const { outbox, partition, queue, stats } = this.#options;
    this.#unconfirmed.add(envelope);
    const text = encodeEnvelope(
      partition,
      envelope.map(({ event }) => event),
    );
    outbox.send(queue, Buffer.from(text), PROPERTIES, (error) => {
      this.#unconfirmed.delete(envelope);
      if (error === undefined) {
        stats.envelopesPublished += 1;
        stats.eventsPublished += envelope.length;
      } else {
        stats.envelopesFailed += 1;
        this.#refusedUntil = performance.now() + REFUSE_AFTER_FAILURE_MS;
      }
      for (const item of envelope) this.#settle(item, error);
      this.flush();
    });
  }

  /**
   * Tells the event's taker, unless it was told before that the event is late. If it throws, the others must still be
   * told.
   */
  #settle(item: Waiting, error: Error | undefined): void {
    if (item.settled) return;
    item.settled = true;
    try {
      if (error === undefined) item.taker.published();
      else item.taker.publishFailed(error);
    } catch (thrown) {
      throwApart(thrown);
    }
  }

  #rejectLate(item: Waiting): void {
    if (item.settled) return;
    this.#options.stats.eventsLate += 1;
    this.#settle(item, new Unavailable('event log', 'The event log did not confirm in time.'));
  }
}
