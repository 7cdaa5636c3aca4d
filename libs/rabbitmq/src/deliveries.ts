import { decodeEnvelope, type Event, rowsOf } from '@parley/domain';
import type { ConsumeMessage } from 'amqplib';

/** What one batch takes at most; a single envelope that has more is a batch alone. */
const BATCH_ROWS_MAX = 5_000;
const BATCH_DELIVERIES_MAX = 64;
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/** In a fence that begins an epoch: its number. */
export const EPOCH_HEADER = 'x-epoch';

/** On dead letters that an operator publishes again. */
export const REPLAYED_HEADER = 'x-replayed';
/** What was accepted in whichever epoch is stored in any. */
const NEVER_LATE = Number.MAX_SAFE_INTEGER;

/** What is not an event, as it came. */
export interface Malformed {
  readonly content: Buffer;
  readonly problem: string;
}

/** Somebody wants to be told when everything before this is stored. */
export interface Fence {
  readonly replyTo: string;
  readonly correlationId: string;
  /** From here on events of older epochs are not stored any more. */
  readonly epoch?: number;
}

/** One message in the hand. */
export interface Delivery {
  readonly message: ConsumeMessage;
  readonly events: readonly Event[];
  readonly malformed: readonly Malformed[];
  readonly fence?: Fence;
}

/** Deliveries that are stored together. `returned`: all of them, or none, were handed on before. */
export interface Batch {
  readonly returned: boolean;
  readonly deliveries: readonly Delivery[];
}

/** Takes the next batch off the front of the messages; undefined where there is none. */
export function takeBatch(messages: ConsumeMessage[], partition: number): Batch | undefined {
  const returned = messages[0]?.fields.redelivered;
  if (returned === undefined) return undefined;
  const deliveries: Delivery[] = [];
  let rows = 0;
  let bytes = 0;
  while (
    messages[0]?.fields.redelivered === returned &&
    deliveries.length < BATCH_DELIVERIES_MAX &&
    rows < BATCH_ROWS_MAX &&
    bytes < BATCH_BYTES_MAX
  ) {
    const message = messages.shift() as ConsumeMessage;
    const delivery = deliveryOf(message, partition);
    deliveries.push(delivery);
    bytes += message.content.length;
    for (const event of delivery.events) rows += rowsOf(event);
  }
  return { returned, deliveries };
}

function deliveryOf(message: ConsumeMessage, partition: number): Delivery {
  const { type, replyTo, correlationId } = message.properties as unknown as Record<string, unknown>;
  if (type !== 'fence') {
    const { events, malformed } = decode(message.content, partition);
    const replayed = message.properties.headers?.[REPLAYED_HEADER] === true;
    return { message, events: replayed ? events.map((event) => ({ ...event, epoch: NEVER_LATE })) : events, malformed };
  }
  const nothing = { message, events: [], malformed: [] };
  if (typeof replyTo !== 'string' || typeof correlationId !== 'string') return nothing;
  const epoch = Number(message.properties.headers?.[EPOCH_HEADER]);
  return { ...nothing, fence: { replyTo, correlationId, ...(Number.isSafeInteger(epoch) && { epoch }) } };
}

function decode(content: Buffer, partition: number): Pick<Delivery, 'events' | 'malformed'> {
  const envelope = decodeEnvelope(content.toString());
  if ('problem' in envelope) return { events: [], malformed: [{ content, problem: envelope.problem }] };
  const malformed = envelope.malformed.map(({ value, problem }) => ({
    content: envelopeOf(value, partition) ?? content,
    problem,
  }));
  return { events: envelope.events, malformed };
}

/** Undefined for what can be read but not written: it is nested too deeply. */
function envelopeOf(value: unknown, partition: number): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify({ v: 1, partition, events: [value] }));
  } catch {
    return undefined;
  }
}
