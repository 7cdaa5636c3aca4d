import { type CheckEvent, decodeEnvelope, type Event, type Rejection, readHead } from '@parley/domain';

/** Header of a fence message that begins an epoch of the numbers: the epoch. */
export const EPOCH_HEADER = 'x-epoch';
/** Header of an earlier dead letter that an operator has published again. */
export const REPLAYED_HEADER = 'x-replayed';
/** The epoch that replayed events get: so high that the store never rejects them as late. */
const NEVER_LATE = Number.MAX_SAFE_INTEGER;

/** A delivered message, in AMQP's shape. */
export interface Message {
  readonly content: Buffer;
  /** `redelivered`: an earlier consumer was lost while it had this message unacked. */
  readonly fields: { readonly redelivered: boolean };
  readonly properties: {
    /** The kind of message: `events` or `fence`. */
    readonly type?: unknown;
    readonly replyTo?: unknown;
    readonly correlationId?: unknown;
    readonly headers?: Readonly<Record<string, unknown>> | undefined;
  };
}

export interface Malformed {
  readonly content: Buffer;
  readonly problem: string;
}

/** A dead letter: content or an event that can never be stored. */
export type Letter = { readonly malformed: Malformed } | { readonly rejection: Rejection };

/** A fence: a message that the worker answers once everything before it in the queue is stored. */
export interface Fence {
  readonly replyTo: string;
  readonly correlationId: string;
  /** The epoch of the numbers that begins, if any: after this fence no event of an older epoch is stored. */
  readonly epoch?: number;
}

/** A delivered message, and the events or the fence in it. */
export interface Delivery<M extends Message> {
  readonly message: M;
  readonly events: readonly Event[];
  readonly malformed: readonly Malformed[];
  readonly fence?: Fence;
}

/** Whether a message must be handled at once, without waiting for others: a fence, or a redelivery. */
export function isPressing({ fields, properties }: Message): boolean {
  return fields.redelivered || properties.type === 'fence';
}

/** Reads a message. `unknown`: what only a newer program knows in it; the message must stay in the queue then. */
export function readMessage<M extends Message>(
  message: M,
  partition: number,
  check: CheckEvent,
): Delivery<M> | { readonly unknown: string } {
  const { type } = message.properties;
  if (type === 'fence') return readFence(message);
  if (type !== undefined && type !== 'events' && !('problem' in readHead(message.content.toString()))) {
    return { unknown: `message type ${JSON.stringify(String(type).slice(0, 64))}` };
  }
  return readEvents(message, partition, check);
}

/** Reads a fence. Without a reply address it is a mark (the step `mark`): only its place in the queue matters. */
function readFence<M extends Message>(message: M): Delivery<M> | { readonly unknown: string } {
  const head = readHead(message.content.toString());
  if ('v' in head && head.v > 1) return { unknown: `fence version ${head.v}` };
  const { replyTo, correlationId, headers } = message.properties;
  const nothing = { message, events: [], malformed: [] };
  if (typeof replyTo !== 'string' || typeof correlationId !== 'string') return nothing;
  const epoch = Number(headers?.[EPOCH_HEADER]);
  return { ...nothing, fence: { replyTo, correlationId, ...(Number.isSafeInteger(epoch) && { epoch }) } };
}

function readEvents<M extends Message>(
  message: M,
  partition: number,
  check: CheckEvent,
): Delivery<M> | { readonly unknown: string } {
  const { content } = message;
  const envelope = decodeEnvelope(content.toString(), check);
  if ('unknown' in envelope) return envelope;
  if ('problem' in envelope) {
    return { message, events: [], malformed: [{ content, problem: envelope.problem }] };
  }
  const malformed = envelope.malformed.map(({ value, problem }) => ({
    content: envelopeOf(value, partition) ?? content,
    problem,
  }));
  const replayed = message.properties.headers?.[REPLAYED_HEADER] === true;
  const events = replayed ? envelope.events.map((event) => ({ ...event, epoch: NEVER_LATE })) : envelope.events;
  return { message, events, malformed };
}

/** JSON.stringify of a value that is nested more deeply may block the program for seconds and then throw. */
const DEPTH_MAX = 500;

/** An envelope with this value alone; undefined if the value is nested too deeply to be written. */
function envelopeOf(value: unknown, partition: number): Buffer | undefined {
  if (isDeeperThan(DEPTH_MAX, value)) return undefined;
  return Buffer.from(JSON.stringify({ v: 1, partition, events: [value] }));
}

/** Whether a value has more than `depth` levels. Goes level by level: no recursion can overflow the stack. */
function isDeeperThan(depth: number, value: unknown): boolean {
  let level = [value];
  for (let levels = 0; level.length > 0; levels += 1) {
    if (levels > depth) return true;
    level = level.flatMap((inner) => (typeof inner === 'object' && inner !== null ? Object.values(inner) : []));
  }
  return false;
}
