import { REPLAYED_HEADER } from '@parley/protocol';
import { within } from '@parley/runtime';
import type { Channel, GetMessage } from 'amqplib';
import { away } from './connection.ts';
import { type DeadLetter, readDeadLetter } from './dead-letter.ts';
import type { Outbox } from './outbox.ts';
import type { Topology } from './topology.ts';

const STEP_MS = 5_000;

/** What could never be stored, kept until an operator looks at it. Every method rejects with Unavailable. */
export class DeadLetters {
  readonly #outbox: Outbox;
  readonly #topology: Topology;

  constructor(outbox: Outbox, topology: Topology) {
    this.#outbox = outbox;
    this.#topology = topology;
  }

  /** Not while RabbitMQ takes nothing: the question would stay unanswered, and its channel open, each time. */
  async count(): Promise<number> {
    if (this.#outbox.state !== 'open') throw away();
    return this.#withChannel(async (channel) => (await channel.checkQueue(this.#topology.deadLetters)).messageCount);
  }

  /** The oldest, at most `limit` of them. They stay where they are. */
  async list(limit: number): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    await this.#each(limit, async (letter) => {
      letters.push(letter);
      return 'keep';
    });
    return letters;
  }

  /**
   * Publishes those of the oldest `limit` that `matches` says yes to again and forgets them here. Answers how many.
   * A letter whose partition is not known stays, and so does one that was late: nobody was told that it is kept, and its
   * number may be another's. The others count as of no epoch, so that they can be stored in any. One may be published
   * twice where the connection is lost; the store knows it by its id.
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

  /** Forgets those of the oldest `limit` that `matches` says yes to. Answers how many. */
  async purge(limit: number, matches: (letter: DeadLetter) => boolean = () => true): Promise<number> {
    let purged = 0;
    await this.#each(limit, async (letter) => {
      if (!matches(letter)) return 'keep';
      purged += 1;
      return 'forget';
    });
    return purged;
  }

  /** Takes letter by letter; those to keep go back when the channel is closed, at the end. */
  async #each(limit: number, decide: (letter: DeadLetter) => Promise<'keep' | 'forget'>): Promise<void> {
    await this.#withChannel(async (channel) => {
      for (let taken = 0; taken < limit; taken += 1) {
        const message = await within<GetMessage | false>(channel.get(this.#topology.deadLetters), STEP_MS, away);
        if (message === false) return;
        if ((await decide(readDeadLetter(message, this.#topology))) === 'forget') channel.ack(message);
      }
    });
  }

  async #withChannel<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const opening = this.#outbox.model().createChannel();
    const channel = await within(opening, STEP_MS, away).catch((error: unknown) => {
      opening.then((late) => late.close()).catch(() => {});
      throw away(error);
    });
    channel.on('error', () => {}); // told by the rejected call
    try {
      return await use(channel);
    } catch (error) {
      throw away(error);
    } finally {
      await within(channel.close(), STEP_MS, away).catch(() => {});
    }
  }
}
