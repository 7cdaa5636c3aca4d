import { backoffMs, pause } from '@parley/runtime';
import type { Redis } from 'ioredis';
import { connectOnce } from './connect.ts';
import type { RedisHintsOptions } from './hints.ts';
import { bounded } from './unavailable.ts';

const RETRY = { firstMs: 50, maxMs: 2_000 };
/** How often an idle connection is checked: the other end may have died without closing it. */
const CHECK_EVERY_MS = 5_000;
/** How long a message may take from one server of a cluster to another. */
const ON_ITS_WAY_MS = 500;
const LOOK_EVERY_MS = 20;

/** A connection that has subscribed. */
interface Joined {
  readonly connection: Redis;
  /** Since when (performance.now) no message was missed. */
  since: number;
  /** The number of the last message. */
  last: number;
}

/**
 * Listens to the channel of hints, on a connection of its own, and connects again after every loss. Messages are
 * numbered by a counter in Redis. A message is missed if the next one has another number than expected, or if the
 * counter is higher than the last number: this also shows what a cluster has lost between its servers. It does not show a
 * message that the master of a cluster lost together with the counter, when it died just after it had told it.
 */
export class Subscription {
  readonly #options: RedisHintsOptions;
  readonly #take: (text: string) => void;
  readonly #closed = new AbortController();
  #connection: Redis | undefined;
  #joined: Joined | undefined;
  #running: Promise<void> | undefined;

  constructor(options: RedisHintsOptions, take: (text: string) => void) {
    this.#options = options;
    this.#take = take;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#connection?.disconnect();
    await this.#running;
  }

  /**
   * Since when no message was missed; undefined without a connection that answers. Settles within three seconds, and
   * never rejects.
   */
  async unbrokenSince(): Promise<number | undefined> {
    const joined = this.#joined;
    if (joined === undefined) return undefined;
    try {
      await this.#check(joined);
    } catch {
      return undefined;
    }
    return this.#joined === joined ? joined.since : undefined;
  }

  async #run(): Promise<void> {
    const { servers, logger } = this.#options;
    const { signal } = this.#closed;
    let failures = 0;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const connection = connectOnce(servers, attempt);
      this.#connection = connection;
      try {
        await this.#join(connection);
        failures = 0;
        await this.#untilItEnds(connection);
      } catch (error) {
        if (!signal.aborted) logger?.warn({ err: error }, 'hints of access changes do not come in');
      } finally {
        this.#joined = undefined;
        connection.disconnect();
      }
      await pause(backoffMs(failures, RETRY), signal);
      failures += 1;
    }
  }

  async #join(connection: Redis): Promise<void> {
    const { keys } = this.#options;
    connection.on('error', () => {}); // what waits for the connection is told
    await bounded(connection.connect());
    const joined: Joined = { connection, since: 0, last: 0 };
    connection.on('message', (_channel: string, text: string) => this.#receive(joined, text));
    await bounded(connection.subscribe(keys.hints));
    joined.since = performance.now();
    joined.last = await this.#told();
    if (this.#closed.signal.aborted) throw new Error('closed');
    this.#joined = joined;
  }

  #receive(joined: Joined, text: string): void {
    const space = text.indexOf(' ');
    const number = Number(text.slice(0, space));
    if (number !== joined.last + 1) joined.since = performance.now();
    joined.last = number;
    this.#take(text.slice(space + 1));
  }

  /** Resolves when the connection has ended, or this was closed. Rejects if the connection does not answer. */
  async #untilItEnds(connection: Redis): Promise<void> {
    const { signal } = this.#closed;
    while (connection.status === 'ready' && !signal.aborted) {
      const ended = Promise.withResolvers<void>();
      connection.once('close', ended.resolve);
      await Promise.race([ended.promise, pause(CHECK_EVERY_MS, signal)]);
      connection.off('close', ended.resolve);
      if (connection.status === 'ready' && !signal.aborted) await bounded(connection.ping());
    }
  }

  /** Finds out whether messages were missed. Rejects, and ends the connection, if that does not answer. */
  async #check(joined: Joined): Promise<void> {
    const { last: before } = joined;
    const told = await this.#told();
    try {
      // On one server the reply comes after all messages that were told before.
      await bounded(joined.connection.ping());
    } catch (error) {
      joined.connection.disconnect();
      throw error;
    }
    const waitUntil = performance.now() + ON_ITS_WAY_MS;
    while (joined.last < told && performance.now() < waitUntil) await Bun.sleep(LOOK_EVERY_MS);
    if (joined.last >= told && told >= before) return;
    joined.since = performance.now();
    joined.last = told;
  }

  /** How many messages were told. */
  async #told(): Promise<number> {
    const { client, keys } = this.#options;
    return Number(await bounded(client.get(keys.hints)));
  }
}
