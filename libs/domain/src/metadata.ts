import { METADATA_BYTES_MAX } from './limits.ts';

/**
 * The client's own data of an application, a chat or a message: a JSON object. The system keeps it as compact JSON, and
 * never looks into it.
 */

/** Why a metadata object cannot be kept so that it comes back equal; undefined if it can. */
export function metadataProblem(metadata: object): string | undefined {
  const seen = { bytes: 0, hasChangedNumber: false };
  look(metadata, seen);
  // JSON.stringify comes second, because it needs seconds for an object that is nested some 50,000 deep.
  if (seen.bytes > METADATA_BYTES_MAX || Buffer.byteLength(JSON.stringify(metadata)) > METADATA_BYTES_MAX) {
    return `must have at most ${METADATA_BYTES_MAX} bytes as compact JSON`;
  }
  return seen.hasChangedNumber ? 'must have no whole number beyond ±(2^53 - 1): send it as text' : undefined;
}

/** What was seen of a value: the bytes that it has at least as JSON, and a number that was changed. */
interface Seen {
  bytes: number;
  hasChangedNumber: boolean;
}

/** Adds what a value has to `seen`. Looks no further than the limit, so no deeper either. */
function look(value: unknown, seen: Seen): void {
  if (typeof value !== 'object' || value === null) {
    seen.bytes += 1;
    if (typeof value === 'number' && isChanged(value)) seen.hasChangedNumber = true;
    return;
  }
  seen.bytes += '{}'.length;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && seen.bytes <= METADATA_BYTES_MAX; index += 1) look(value[index], seen);
    return;
  }
  for (const name in value) {
    if (seen.bytes > METADATA_BYTES_MAX) return;
    seen.bytes += name.length + '"":'.length;
    look((value as Record<string, unknown>)[name], seen);
  }
}

/** Whether JavaScript, and many other readers of JSON, may have changed a number. */
function isChanged(number: number): boolean {
  return !Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number));
}
