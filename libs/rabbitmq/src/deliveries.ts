import { decodeEnvelope, type Event, rowsOf } from '@parley/domain';
import type { ConsumeMessage } from 'amqplib';

/** What one batch takes at most; a single envelope that has more is a batch alone. */
const BATCH_ROWS_MAX = 5_000;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/** What is not an event, as it came. */
export interface Malformed {
  readonly content: Buffer;
  readonly problem: string;
}

export interface Fence {
  readonly replyTo: string;
  readonly correlationId: string;
}

/** Deliveries that are stored together, in order. */
export interface Batch {
  readonly last: ConsumeMessage;
  readonly events: readonly Event[];
  readonly malformed: readonly Malformed[];
  readonly fences: readonly Fence[];
}

/** Takes the next batch off the front of the deliveries; undefined where there is none. */
export function takeBatch(deliveries: ConsumeMessage[], partition: number): Batch | undefined {
  const events: Event[] = [];
  const malformed: Malformed[] = [];
  const fences: Fence[] = [];
  let last: ConsumeMessage | undefined;
  let rows = 0;
  let bytes = 0;
  while (deliveries.length > 0 && rows < BATCH_ROWS_MAX && bytes < BATCH_BYTES_MAX) {
    last = deliveries.shift() as ConsumeMessage;
    bytes += last.content.length;
    if (last.properties.type === 'fence') {
      fences.push(...fenceOf(last));
      continue;
    }
    const decoded = decode(last.content, partition);
    malformed.push(...decoded.malformed);
    for (const event of decoded.events) {
      events.push(event);
      rows += rowsOf(event);
    }
  }
  return last && { last, events, malformed, fences };
}

function fenceOf({ properties }: ConsumeMessage): Fence[] {
  const { replyTo, correlationId } = properties as { replyTo?: unknown; correlationId?: unknown };
  return typeof replyTo === 'string' && typeof correlationId === 'string' ? [{ replyTo, correlationId }] : [];
}

function decode(content: Buffer, partition: number): { events: readonly Event[]; malformed: Malformed[] } {
  const envelope = decodeEnvelope(content.toString());
  if ('problem' in envelope) return { events: [], malformed: [{ content, problem: envelope.problem }] };
  const malformed = envelope.malformed.map(({ value, problem }) => ({
    content: Buffer.from(JSON.stringify({ v: 1, partition, events: [value] })),
    problem,
  }));
  return { events: envelope.events, malformed };
}
