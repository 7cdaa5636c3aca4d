import { Unavailable } from '@parley/domain';
import { type Logger, within } from '@parley/runtime';
import { type ChannelModel, connect, type RecoveringChannelModel } from 'amqplib';
import type { RabbitmqStats } from './stats.ts';
import { explained, WrongRabbitmq } from './wrong-rabbitmq.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_FIRST_MS = 100;
const RECONNECT_MAX_MS = 2_000;
/** A hanging server is noticed after two to three heartbeats without an answer. */
const HEARTBEAT_SECONDS = 3;
const CLOSE_MS = 1_000;
/** The time limit of `setup`: enough to declare all queues on a server that has just started. */
const SETUP_MS = 60_000;
/**
 * The oldest usable version: only since 4.0 a queue can have no delivery limit (-1), as the one for dead letters needs.
 */
const RABBITMQ_MAJOR_MIN = 4;

export interface ConnectionOptions {
  readonly url: string;
  /** Shown in RabbitMQ's list of connections. */
  readonly name: string;
  /** Called after every connect, to open channels. When it resolves, the connection counts as open. */
  readonly setup: (model: ChannelModel) => Promise<void>;
  /** Called when the connection and its channels are lost; perhaps more than once. */
  readonly lost: () => void;
  readonly stats: Pick<RabbitmqStats, 'connectionsLost'>;
  readonly logger: Logger | undefined;
}

export type ConnectionState = 'away' | 'open' | 'blocked';

/**
 * A connection that reconnects by itself, however long an outage lasts. `setup` opens its channels after each connect.
 * If a single channel fails, `reconnect` replaces the connection.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #ready = Promise.withResolvers<void>();
  #recovering: RecoveringChannelModel | undefined;
  #model: ChannelModel | undefined;
  /** The connection that `reconnect` is closing: it must be closed only once. */
  #givenUp: ChannelModel | undefined;
  #state: ConnectionState = 'away';
  #closing: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#ready.promise.catch(() => {}); // if no caller waits, a rejection must not count as unhandled
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Connects in the background. Resolves when the connection is first open. Rejects with WrongRabbitmq if waiting
   * cannot help (wrong login, old version).
   */
  async open(): Promise<void> {
    if (this.#recovering === undefined && this.#closing === undefined) await this.#start();
    return this.#ready.promise;
  }

  /** Returns the open connection. Throws Unavailable if there is none. */
  model(): ChannelModel {
    if (this.#model === undefined || this.#state === 'away') throw away();
    return this.#model;
  }

  /** Closes `model`, a connection that `setup` got, so that a new one is made. */
  reconnect(model: ChannelModel): void {
    // One turn later: if the channel closed because its connection is closing, there is nothing to do by then.
    setImmediate(() => {
      if (model !== this.#model || model === this.#givenUp || this.#closing !== undefined) return;
      this.#givenUp = model;
      void model.close().catch(() => {});
    });
  }

  /** Closes for good. Idempotent. Resolves within about a second, even if the server hangs. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ready.reject(away());
    const recovering = this.#recovering;
    if (recovering === undefined) return;
    await within(recovering.close(), CLOSE_MS, () => new Error('late')).catch(() => {});
    if (this.#model !== undefined) destroySocket(this.#model);
    this.#setAway();
  }

  async #start(): Promise<void> {
    const { url, name, stats, logger } = this.#options;
    const recovering = await connect(withHeartbeat(url), {
      noDelay: true,
      timeout: CONNECT_TIMEOUT_MS,
      clientProperties: { connection_name: name },
      recovery: {
        waitForConnect: false,
        initialDelay: RECONNECT_FIRST_MS,
        maxDelay: RECONNECT_MAX_MS,
        jitter: 0.5,
        setup: (model: ChannelModel) => this.#setUp(model),
      },
    });
    this.#recovering = recovering;
    recovering.on('error', () => {}); // the event 'disconnect' reports the same error
    recovering.on('handler-error', (err: Error) => logger?.error({ err, name }, 'a handler of RabbitMQ events threw'));
    recovering.on('connect', () => {
      logger?.info({ name }, 'connected to RabbitMQ');
      this.#ready.resolve();
    });
    recovering.on('disconnect', (err: Error) => {
      stats.connectionsLost += 1;
      logger?.warn({ err, name }, 'RabbitMQ is away');
    });
    recovering.on('connect-failed', (err: Error) => {
      const error = explained(err);
      if (error instanceof WrongRabbitmq) this.#ready.reject(error);
      logger?.warn({ err: error, name }, 'RabbitMQ cannot be used');
    });
  }

  async #setUp(model: ChannelModel): Promise<void> {
    let gone = false;
    const closed = new Promise<void>((resolve) => {
      model.on('close', () => {
        gone = true;
        if (this.#model === model) this.#setAway();
        resolve();
      });
    });
    model.on('error', () => {});
    model.on('blocked', () => this.#setBlocked(model, true));
    model.on('unblocked', () => this.#setBlocked(model, false));
    try {
      checkVersion(model);
      this.#model = model;
      // If the connection closes, `setup` may never get a reply. `closed` ends the wait, so that amqplib reconnects.
      await within(Promise.race([this.#options.setup(model), closed]), SETUP_MS, away);
      // amqplib misses a close that comes before this function returns. So first let a pending 'close' event arrive.
      await new Promise((resolve) => setImmediate(resolve));
      if (gone) throw new Error('the connection was closed while it was set up');
      this.#state = 'open';
    } catch (error) {
      // Without a deadline amqplib would wait for ever if the server does not answer the close.
      await within(model.close(), CLOSE_MS, away).catch(() => {});
      throw error;
    }
  }

  #setBlocked(model: ChannelModel, blocked: boolean): void {
    if (model !== this.#model || this.#state === 'away') return;
    this.#state = blocked ? 'blocked' : 'open';
    const { logger, name } = this.#options;
    logger?.warn(
      { name },
      blocked ? 'RabbitMQ takes no messages: memory or disk alarm' : 'RabbitMQ takes messages again',
    );
  }

  #setAway(): void {
    this.#model = undefined;
    this.#state = 'away';
    this.#options.lost();
  }
}

export function away(cause?: unknown): Unavailable {
  return new Unavailable(
    'event log',
    'The event log is not available right now.',
    cause === undefined ? {} : { cause },
  );
}

function checkVersion(model: ChannelModel): void {
  const { version } = model.connection.serverProperties;
  if (Number.parseInt(version, 10) >= RABBITMQ_MAJOR_MIN) return;
  throw new WrongRabbitmq(`RabbitMQ ${version} is too old: version ${RABBITMQ_MAJOR_MIN} or later is needed.`);
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
  return parsed.href;
}

/**
 * Ends the connection without the server: one that hangs never answers a close, and an open socket keeps the process
 * alive.
 */
function destroySocket(model: ChannelModel): void {
  (model.connection as { stream?: { destroy?: () => void } }).stream?.destroy?.();
}
