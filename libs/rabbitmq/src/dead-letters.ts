import { decodeEnvelope, type Event, encodeEnvelope } from '@parley/domain';
import { REPLAYED_HEADER } from '@parley/protocol';
import { within } from '@parley/runtime';
import type { Channel, GetMessage } from 'amqplib';
import { away } from './connection.ts';
import { cutLetter, type DeadLetter, readDeadLetter } from './dead-letter.ts';
import type { Outbox } from './outbox.ts';
import type { Topology } from './topology.ts';

const STEP_MS = 5_000;
const REQUEUED_LOOK_MS = 10;
const REQUEUED_LOOKS = 100;

/** The queue of the dead letters, which wait for an operator. Every method may reject with Unavailable. */
export class DeadLetters {
  readonly #outbox: Outbox;
  readonly #topology: Topology;

  constructor(outbox: Outbox, topology: Topology) {
    this.#outbox = outbox;
    this.#topology = topology;
  }

  /** Rejects while RabbitMQ blocks publishers: the call would get no answer and leave a channel open. */
  async count(): Promise<number> {
    if (this.#outbox.state !== 'open') throw away();
    return this.#withChannel(async (channel) => (await channel.checkQueue(this.#topology.deadLetters)).messageCount);
  }

  /** Returns the oldest dead letters, at most `limit`. They stay in the queue. */
  async list(limit: number): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    await this.#each(limit, async (letter) => {
      letters.push(letter);
      return 'keep';
    });
    return letters;
  }

  /**
   * Of the oldest `limit` dead letters, publishes again those that `matches` accepts, and removes them. Returns how
   * many. Letters of an unknown partition stay. So do those with the reason `late`: their creates were never
   * acknowledged, and their numbers may be taken. The others are stored, however old their epoch is. If the connection
   * is lost, one may be published twice; the store recognizes it by its id.
   */
  async replay(limit: number, matches: (letter: DeadLetter) => boolean = () => true): Promise<number> {
    let replayed = 0;
    await this.#each(limit, async (letter) => {
      if (letter.partition === undefined || letter.reason === 'late' || !matches(letter)) return 'keep';
      const options = { contentType: 'application/json', type: 'events', headers: { [REPLAYED_HEADER]: true } };
      await this.#outbox.publishWithin(STEP_MS, this.#topology.queue(letter.partition), letter.content, options);
      replayed += 1;
      return 'forget';
    });
    return replayed;
  }

  /** Removes those of the oldest `limit` dead letters that `matches` accepts. Returns how many. */
  async purge(limit: number, matches: (letter: DeadLetter) => boolean = () => true): Promise<number> {
    let purged = 0;
    await this.#each(limit, async (letter) => {
      if (!matches(letter)) return 'keep';
      purged += 1;
      return 'forget';
    });
    return purged;
  }

  /**
   * Removes the events that `isDeleted` accepts from the oldest `limit` dead letters. A letter that has other events too
   * is put at the end of the queue again with only those. Letters that are no events of this version stay. Returns how
   * many letters were removed or cut.
   */
  async removeEvents(limit: number, isDeleted: (event: Event) => Promise<boolean>): Promise<number> {
    let changed = 0;
    await this.#each(limit, async (letter) => {
      const envelope = decodeEnvelope(letter.content.toString());
      if (!('events' in envelope) || envelope.malformed.length > 0) return 'keep';
      const kept: Event[] = [];
      for (const event of envelope.events) if (!(await isDeleted(event))) kept.push(event);
      if (kept.length === envelope.events.length) return 'keep';
      if (kept.length > 0) {
        const { content, options } = cutLetter(letter, encodeEnvelope(envelope.partition, kept));
        await this.#outbox.publishWithin(STEP_MS, this.#topology.deadLetters, content, options);
      }
      changed += 1;
      return 'forget';
    });
    return changed;
  }

  /** Calls `decide` for letter after letter. Kept letters stay unacked until the end. Then RabbitMQ requeues them. */
  async #each(limit: number, decide: (letter: DeadLetter) => Promise<'keep' | 'forget'>): Promise<void> {
    await this.#withChannel(async (channel) => {
      let kept = 0;
      for (let taken = 0; taken < limit; taken += 1) {
        const message = await within<GetMessage | false>(channel.get(this.#topology.deadLetters), STEP_MS, away);
        if (message === false) break;
        if ((await decide(readDeadLetter(message, this.#topology))) === 'forget') channel.ack(message);
        else kept += 1;
      }
      if (kept > 0) await this.#requeued(channel, kept);
    });
  }

  /** Requeues all unacked letters, and waits up to a second until the queue has them: the next call must find them. */
  async #requeued(channel: Channel, letters: number): Promise<void> {
    channel.nackAll(true);
    for (let looks = 0; looks < REQUEUED_LOOKS; looks += 1) {
      const { messageCount } = await within(channel.checkQueue(this.#topology.deadLetters), STEP_MS, away);
      if (messageCount >= letters) return;
      await Bun.sleep(REQUEUED_LOOK_MS);
    }
  }

  async #withChannel<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const opening = this.#outbox.model().createChannel();
    const channel = await within(opening, STEP_MS, away).catch((error: unknown) => {
      opening.then((late) => late.close()).catch(() => {});
      throw away(error);
    });
    channel.on('error', () => {}); // the call that fails rejects with the same error
    try {
      return await use(channel);
    } catch (error) {
      throw away(error);
    } finally {
      await within(channel.close(), STEP_MS, away).catch(() => {});
    }
  }
}
