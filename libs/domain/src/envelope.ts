/**
 * An envelope is what a queue's message carries: events of one partition that are published together, in order, as
 * UTF-8 JSON `{"v":1,"partition":3,"events":[…]}`. Readers ignore other fields.
 *
 * In every version an envelope is a JSON object, its `v` is a positive whole number, and its `partition` a whole
 * number. So a reader can tell an envelope of a later version, which stays in the queue, from junk. A writer uses the
 * lowest version that is possible.
 */
import { type CheckEvent, checkEvent, type Event } from './events.ts';

export const ENVELOPE_VERSION = 1;
/** A writer starts a new envelope above this size, in bytes. A larger event has an envelope of its own. */
export const ENVELOPE_BYTES_MAX = 256 * 1024;

export interface Envelope {
  readonly partition: number;
  readonly events: readonly Event[];
  /** Items that are not valid events, unchanged, each with the first problem in it. */
  readonly malformed: readonly { readonly value: unknown; readonly problem: string }[];
}

/**
 * `unknown`: what this program does not know in it; a later program may have written it. `problem`: why the text is
 * junk.
 */
export type DecodedEnvelope = Envelope | { readonly unknown: string } | { readonly problem: string };

export function encodeEnvelope(partition: number, events: readonly Event[]): string {
  return JSON.stringify({ v: ENVELOPE_VERSION, partition, events });
}

/**
 * Decodes an envelope. If one of its events is unknown to this program, the whole envelope is unknown. Never throws.
 */
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

/** Reads the fields that an envelope has in every version, `v` and `partition`. Never throws. */
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

function shown(value: unknown): string {
  try {
    return String(JSON.stringify(value)).slice(0, 40);
  } catch {
    return 'nested too deeply';
  }
}
