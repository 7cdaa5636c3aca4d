import { METADATA_BYTES_MAX } from './limits.ts';

/**
 * The client's own data of an application, a chat or a message: a JSON object. The system keeps it as compact JSON, and
 * never looks into it.
 */

/** Why a metadata object cannot be kept so that it comes back equal; undefined if it can. */
export function metadataProblem(metadata: object): string | undefined {
  // First, because JSON.stringify needs seconds for an object that is nested some 50,000 deep.
  const isLong = leastBytes(metadata, 0) > METADATA_BYTES_MAX;
  if (isLong || Buffer.byteLength(JSON.stringify(metadata)) > METADATA_BYTES_MAX) {
    return `must have at most ${METADATA_BYTES_MAX} bytes as compact JSON`;
  }
  return hasChangedNumber(metadata) ? 'must have no whole number beyond ±(2^53 - 1): send it as text' : undefined;
}

/** `bytes` and at least how many a value has as JSON. Looks no further than the limit, so no deeper either. */
function leastBytes(value: unknown, bytes: number): number {
  if (typeof value !== 'object' || value === null) return bytes + 1;
  let sum = bytes + '{}'.length;
  const isList = Array.isArray(value);
  for (const name in value) {
    if (sum > METADATA_BYTES_MAX) break;
    sum = leastBytes((value as Record<string, unknown>)[name], isList ? sum : sum + name.length + '"":'.length);
  }
  return sum;
}

/** Whether a value has a number that JavaScript, and many other readers of JSON, may have changed. */
function hasChangedNumber(value: unknown): boolean {
  if (typeof value === 'number')
    return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
  return typeof value === 'object' && value !== null && Object.values(value).some(hasChangedNumber);
}
