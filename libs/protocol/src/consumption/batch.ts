import { type CheckEvent, rowsOf } from '@parley/domain';
import { type Delivery, type Message, readMessage } from './message.ts';

/** A batch, which is stored in one transaction, takes no further envelope once it has reached one of these limits. */
const BATCH_ROWS_MAX = 5_000;
export const BATCH_DELIVERIES_MAX = 64;
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/** Deliveries that are stored together. `returned`: true if all of them are redeliveries, false if none is. */
export interface Batch<M extends Message> {
  readonly returned: boolean;
  readonly deliveries: readonly Delivery<M>[];
  /** What in the next message only a newer program knows. That message and all after it must stay in the queue. */
  readonly unknown?: string;
}

/**
 * Removes the next batch from the front of `messages`; undefined if there are none. What only a newer program knows
 * stays.
 */
export function takeBatch<M extends Message>(
  messages: M[],
  partition: number,
  check: CheckEvent,
): Batch<M> | undefined {
  const returned = messages[0]?.fields.redelivered;
  if (returned === undefined) return undefined;
  const deliveries: Delivery<M>[] = [];
  let rows = 0;
  let bytes = 0;
  for (let next = messages[0]; next?.fields.redelivered === returned; next = messages[0]) {
    if (deliveries.length >= BATCH_DELIVERIES_MAX || rows >= BATCH_ROWS_MAX || bytes >= BATCH_BYTES_MAX) break;
    const read = readMessage(next, partition, check);
    if ('unknown' in read) return { returned, deliveries, unknown: read.unknown };
    messages.shift();
    deliveries.push(read);
    bytes += next.content.length;
    for (const event of read.events) rows += rowsOf(event);
  }
  return { returned, deliveries };
}
