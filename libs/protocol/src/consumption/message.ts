import { type CheckEvent, decodeEnvelope, type Event, type Rejection, readHead } from '@parley/domain';

/** In a fence that begins an epoch: its number. */
export const EPOCH_HEADER = 'x-epoch';
/** On dead letters that an operator publishes again. */
export const REPLAYED_HEADER = 'x-replayed';
/** What was accepted in whichever epoch is stored in any. */
const NEVER_LATE = Number.MAX_SAFE_INTEGER;

/** One message as it was delivered, in the shape that AMQP gives it. */
export interface Message {
  readonly content: Buffer;
  /** `redelivered`: an earlier consumer had it and lost it. */
  readonly fields: { readonly redelivered: boolean };
  readonly properties: {
    /** `events` or `fence`. */
    readonly type?: unknown;
    readonly replyTo?: unknown;
    readonly correlationId?: unknown;
    readonly headers?: Readonly<Record<string, unknown>> | undefined;
  };
}

/** What is not an event, as it came. */
export interface Malformed {
  readonly content: Buffer;
  readonly problem: string;
}

/** What can never be stored, and is kept as a dead letter. */
export type Letter = { readonly malformed: Malformed } | { readonly rejection: Rejection };

/** Somebody wants to be told when everything before this is stored. */
export interface Fence {
  readonly replyTo: string;
  readonly correlationId: string;
  /** From here on events of older epochs are not stored any more. */
  readonly epoch?: number;
}

/** A message with what it says. */
export interface Delivery<M extends Message> {
  readonly message: M;
  readonly events: readonly Event[];
  readonly malformed: readonly Malformed[];
  readonly fence?: Fence;
}

/** A fence, for which somebody waits, or what was returned. */
export function isPressing({ fields, properties }: Message): boolean {
  return fields.redelivered || properties.type === 'fence';
}

/** Reads a message. `unknown`: a later program wrote it, and this one must leave it alone. */
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

/** A fence with nobody to answer is a mark of our own: its place in the queue is what it tells. */
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

/** To write what is nested more deeply may end in an exception, after seconds in which the program does nothing else. */
const DEPTH_MAX = 500;

/** Undefined for what can be read but not written: it is nested too deeply. */
function envelopeOf(value: unknown, partition: number): Buffer | undefined {
  if (isDeeperThan(DEPTH_MAX, value)) return undefined;
  return Buffer.from(JSON.stringify({ v: 1, partition, events: [value] }));
}

/** Looks at one level after the other, so that no depth is too much for it. */
function isDeeperThan(depth: number, value: unknown): boolean {
  let level = [value];
  for (let levels = 0; level.length > 0; levels += 1) {
    if (levels > depth) return true;
    level = level.flatMap((inner) => (typeof inner === 'object' && inner !== null ? Object.values(inner) : []));
  }
  return false;
}
