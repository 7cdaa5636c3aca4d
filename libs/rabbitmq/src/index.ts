/** The event log on RabbitMQ: the drivers of EventLog and EventSource, and the dead letters. */
export type { ConnectionState } from './connection.ts';
export type { DeadLetter } from './dead-letter.ts';
export type { DeadLetters } from './dead-letters.ts';
export type { RabbitLog } from './event-log.ts';
export type { RabbitSource } from './event-source.ts';
export { consumingMetrics, publishingMetrics, sharedMetrics } from './metrics.ts';
export { openRabbitmq, type RabbitmqDrivers, type RabbitmqOptions } from './open.ts';
export type { RabbitmqStats } from './stats.ts';
export { WrongRabbitmq } from './wrong-rabbitmq.ts';
