import { encodeEnvelope, type RejectionReason } from '@parley/domain';
import type { Letter } from '@parley/protocol';
import type { Message, Options } from 'amqplib';
import type { Topology } from './topology.ts';

const DETAIL_CHARACTERS_MAX = 1_000;

/** A dead letter: a message that could not be stored, and why. */
export interface DeadLetter {
  /** `undeliverable`: the message reached its delivery limit, because its consumer was lost each time. */
  readonly reason: RejectionReason | 'undeliverable';
  /** What was wrong, for the operator. */
  readonly detail: string;
  /** The partition in whose queue the message was, if known. */
  readonly partition?: number;
  /** When the message became a dead letter: milliseconds since 1970, UTC; 0 if unknown. */
  readonly at: number;
  /** An envelope (events as JSON), or whatever was published in place of one. */
  readonly content: Buffer;
}

/** A dead letter to publish. A rejected event gets its own envelope, which a replay can publish unchanged. */
export interface OutgoingLetter {
  readonly reason: RejectionReason;
  readonly detail: string;
  /** The id of the rejected event; undefined if the whole message was malformed. */
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

/** The same letter with other content, to publish in its place. */
export function cutLetter(
  { reason, detail, partition, at }: DeadLetter,
  content: string,
): Pick<OutgoingLetter, 'content' | 'options'> {
  const headers = { reason, detail, ...(partition !== undefined && { partition }), at };
  return {
    content: Buffer.from(content),
    options: { contentType: 'application/json', type: 'dead-letter', headers },
  };
}

/** Reads a dead letter that a worker published, or one that RabbitMQ put aside itself. */
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
