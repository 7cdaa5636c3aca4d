import { checkEvent, type Event } from './events.ts';

/**
 * The unit that travels: what one tick has for one partition, as UTF-8 JSON
 * `{"v":1,"partition":3,"events":[…]}`. Events keep their order. A reader takes only versions that it knows.
 */
export const ENVELOPE_VERSION = 1;
/** A writer starts another envelope above this; one event that is larger travels alone. */
export const ENVELOPE_BYTES_MAX = 256 * 1024;

export interface Envelope {
  readonly partition: number;
  readonly events: readonly Event[];
  /** The items that are not events, as they came, each with what is wrong with it. */
  readonly malformed: readonly { readonly value: unknown; readonly problem: string }[];
}

export function encodeEnvelope(partition: number, events: readonly Event[]): string {
  return JSON.stringify({ v: ENVELOPE_VERSION, partition, events });
}

/** The envelope that `text` is; `{ problem }` where it is none of a known version. Never throws. */
export function decodeEnvelope(text: string): Envelope | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'not JSON' };
  }
  if (typeof value !== 'object' || value === null) return { problem: 'not an envelope' };
  const { v, partition, events: items } = value as { v?: unknown; partition?: unknown; events?: unknown };
  if (v !== ENVELOPE_VERSION) return { problem: `unknown envelope version ${JSON.stringify(v)?.slice(0, 40)}` };
  if (!Number.isInteger(partition) || !Array.isArray(items)) return { problem: 'not an envelope' };
  const events: Event[] = [];
  const malformed: { value: unknown; problem: string }[] = [];
  for (const item of items) {
    const checked = checkEvent(item);
    if ('event' in checked) events.push(checked.event);
    else malformed.push({ value: item, problem: checked.problem });
  }
  return { partition: partition as number, events, malformed };
}
