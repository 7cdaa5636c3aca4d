import { encodeEnvelope, type RejectionReason } from '@parley/domain';
import type { Letter } from '@parley/protocol';
import type { Message, Options } from 'amqplib';
import type { Topology } from './topology.ts';

const DETAIL_CHARACTERS_MAX = 1_000;

/** A dead letter: what could not be stored, and why. */
export interface DeadLetter {
  /** `undeliverable`: it reached its delivery limit, because its consumer was lost each time. */
  readonly reason: RejectionReason | 'undeliverable';
  /** For the operator. */
  readonly detail: string;
  /** The partition that it comes from, if known. */
  readonly partition?: number;
  /** When it became a dead letter: milliseconds since 1970, UTC; 0 if unknown. */
  readonly at: number;
  /** The envelope, or what was published in place of one. */
  readonly content: Buffer;
}

/** A dead letter to publish. An event has an envelope of its own, so that it can be published again unchanged. */
export interface OutgoingLetter {
  readonly reason: RejectionReason;
  readonly detail: string;
  /** The id of the event, if the letter holds one. */
  readonly event: string | undefined;
  readonly content: Buffer;
  readonly options: Options.Publish;
}

export function letterOf(partition: number, letter: Letter): OutgoingLetter {
  if ('malformed' in letter) {
    const { problem, content } = letter.malformed;
    return outgoing(partition, 'malformed', problem, content);
  }
  const { event, reason, detail } = letter.rejection;
  return outgoing(partition, reason, detail, Buffer.from(encodeEnvelope(partition, [event])), event.id);
}

function outgoing(
  partition: number,
  reason: RejectionReason,
  detail: string,
  content: Buffer,
  event?: string,
): OutgoingLetter {
  const summary = { reason, detail: detail.slice(0, DETAIL_CHARACTERS_MAX), event };
  const headers = { ...summary, partition, at: Date.now() };
  return { ...summary, content, options: { contentType: 'application/json', type: 'dead-letter', headers } };
}

/** Reads a dead letter, ours or one that RabbitMQ put aside itself. */
export function readDeadLetter({ content, properties }: Message, topology: Topology): DeadLetter {
  const headers = (properties.headers ?? {}) as Record<string, unknown>;
  const { reason, detail, partition, at } = headers;
  if (typeof reason === 'string') {
    return {
      reason: reason as RejectionReason,
      detail: typeof detail === 'string' ? detail : '',
      ...(typeof partition === 'number' && { partition }),
      at: typeof at === 'number' ? at : 0,
      content,
    };
  }
  const queue = headers['x-first-death-queue'];
  const from = typeof queue === 'string' ? topology.partitionOf(queue) : undefined;
  return {
    reason: 'undeliverable',
    detail: String(headers['x-first-death-reason'] ?? 'unknown'),
    ...(from !== undefined && { partition: from }),
    at: diedAt(headers['x-death']),
    content,
  };
}

function diedAt(deaths: unknown): number {
  const time = Array.isArray(deaths)
    ? (deaths[0] as { time?: { value?: unknown } } | undefined)?.time?.value
    : undefined;
  return typeof time === 'number' ? time * 1_000 : 0;
}
