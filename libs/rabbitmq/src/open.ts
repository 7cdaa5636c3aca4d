import { type CheckEvent, checkEvent } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { away, type ConnectionState } from './connection.ts';
import { DeadLetters } from './dead-letters.ts';
import { RabbitLog } from './event-log.ts';
import { RabbitSource } from './event-source.ts';
import { Outbox } from './outbox.ts';
import { newStats, type RabbitmqStats } from './stats.ts';
import { TooOld } from './too-old.ts';
import { Topology } from './topology.ts';

/** How many envelopes (messages with events) of a partition may be unconfirmed at once. */
const WINDOW = 4;
const QUEUE_BYTES_MAX = 512 * 1024 * 1024;

export interface RabbitmqOptions {
  readonly url: string;
  /** The number of partitions; the same in every process of the system. */
  readonly partitions: number;
  /** The first word of the queues' names. Default: `parley`. */
  readonly queuePrefix?: string;
  /** While a partition's queue has more bytes than this, its creates are refused. Default: 512 MiB. */
  readonly queueBytesMax?: number;
  /** Which events this program knows. Default: `checkEvent`; only tests set another one. */
  readonly check?: CheckEvent;
  readonly logger?: Logger;
}

export interface RabbitmqDrivers {
  readonly log: RabbitLog;
  readonly source: RabbitSource;
  readonly deadLetters: DeadLetters;
  readonly stats: Readonly<RabbitmqStats>;
  /**
   * Connects in the background, and again after every outage. Resolves when the queues exist and the log takes events.
   * Rejects with WrongRabbitmq if waiting cannot help. Has no deadline: a caller that needs one must set it.
   */
  start(): Promise<void>;
  /** The state of the connection that publishes; `blocked` while RabbitMQ is short of memory or disk. */
  state(): ConnectionState;
  /** Rejects with Unavailable if events cannot be published, or if `source` consumes but has no connection. */
  ping(): Promise<void>;
  /** Rejects with TooOld if this process leaves a partition to newer programs. */
  checkVersion(): Promise<void>;
  /** Stops consuming, rejects waiting publishes and fences, closes both connections. Idempotent. */
  close(): Promise<void>;
}

/** Does not connect: `start` and `source.consume` do. */
export function openRabbitmq(options: RabbitmqOptions): RabbitmqDrivers {
  const { url, partitions, queuePrefix = 'parley', check = checkEvent, logger } = options;
  const topology = new Topology({ partitions, queuePrefix, queueBytesMax: options.queueBytesMax ?? QUEUE_BYTES_MAX });
  const stats = newStats();
  const outbox = new Outbox({ url, topology, stats, logger });
  const log = new RabbitLog({ outbox, topology, window: WINDOW, stats });
  const source = new RabbitSource({ url, topology, outbox, check, stats, logger });
  return {
    log,
    source,
    deadLetters: new DeadLetters(outbox, topology),
    stats,
    start: () => outbox.open(),
    state: () => outbox.state,
    ping: async () => {
      if (outbox.state !== 'open' || source.isAway) throw away();
    },
    checkVersion: async () => {
      const [first] = source.held;
      if (first !== undefined) throw new TooOld(first.partition, first.unknown);
    },
    close: async () => {
      await source.stop();
      await outbox.close();
      log.close();
    },
  };
}
