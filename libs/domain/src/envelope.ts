import { type CheckEvent, checkEvent, type Event } from './events.ts';

/**
 * The unit that travels: what one tick has for one partition, as UTF-8 JSON
 * `{"v":1,"partition":3,"events":[…]}`. Events keep their order. Other fields beside these are passed over.
 *
 * For all versions: it is a JSON object whose `v` is a positive whole number and whose `partition` is a whole number. So
 * a reader tells an envelope of a later version from junk, and holds it. Who writes uses the lowest version that can say it.
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

/** `unknown`: what a later program may have written; it says what is not known. `problem`: what is wrong with junk. */
export type DecodedEnvelope = Envelope | { readonly unknown: string } | { readonly problem: string };

export function encodeEnvelope(partition: number, events: readonly Event[]): string {
  return JSON.stringify({ v: ENVELOPE_VERSION, partition, events });
}

/** The envelope that `text` is. An event that is not known makes the whole envelope unknown. Never throws. */
export function decodeEnvelope(text: string, check: CheckEvent = checkEvent): DecodedEnvelope {
  const head = readHead(text);
  if ('problem' in head) return head;
  const { v, partition, value } = head;
  if (v > ENVELOPE_VERSION) return { unknown: `envelope version ${v}` };
  const items: unknown = value.events;
  if (!Array.isArray(items)) return { problem: 'not an envelope' };
  const events: Event[] = [];
  const malformed: { value: unknown; problem: string }[] = [];
  for (const item of items) {
    const checked = check(item);
    if ('event' in checked) events.push(checked.event);
    else if ('unknown' in checked) return { unknown: checked.unknown };
    else malformed.push({ value: item, problem: checked.problem });
  }
  return { partition, events, malformed };
}

export interface Head {
  readonly v: number;
  readonly partition: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/** What all that we put into the log begins with, of whichever version. Never throws. */
export function readHead(text: string): Head | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'not JSON' };
  }
  if (typeof value !== 'object' || value === null) return { problem: 'not an envelope' };
  const { v, partition } = value as { v?: unknown; partition?: unknown };
  if (!Number.isSafeInteger(v) || (v as number) < 1) return { problem: `no envelope version: ${shown(v)}` };
  if (!Number.isInteger(partition)) return { problem: 'not an envelope' };
  return { v: v as number, partition: partition as number, value: value as Record<string, unknown> };
}

/** Short, whatever somebody has written. */
function shown(value: unknown): string {
  try {
    return String(JSON.stringify(value)).slice(0, 40);
  } catch {
    return 'nested too deeply';
  }
}
