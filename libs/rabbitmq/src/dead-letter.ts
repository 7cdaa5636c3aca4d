import { encodeEnvelope, type RejectionReason } from '@parley/domain';
import type { Letter } from '@parley/protocol';
import type { Message, Options } from 'amqplib';
import type { Topology } from './topology.ts';

const DETAIL_CHARACTERS_MAX = 1_000;

/** Something that could not be stored, as it is kept. */
export interface DeadLetter {
  /** `undeliverable`: it was handed on again and again, and the consumer was lost each time. */
  readonly reason: RejectionReason | 'undeliverable';
  /** For the operator. */
  readonly detail: string;
  /** Where it came from, where that is known. */
  readonly partition?: number;
  /** When it was put aside: milliseconds since 1970, UTC. */
  readonly at: number;
  /** The envelope, or what came in place of one. */
  readonly content: Buffer;
}

/** A dead letter as it is published: an event in an envelope of its own, so that it can be published again as it is. */
export interface OutgoingLetter {
  readonly reason: RejectionReason;
  readonly detail: string;
  /** The id of the event, where it is one. */
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
  const told = { reason, detail: detail.slice(0, DETAIL_CHARACTERS_MAX), event };
  const headers = { ...told, partition, at: Date.now() };
  return { ...told, content, options: { contentType: 'application/json', type: 'dead-letter', headers } };
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
