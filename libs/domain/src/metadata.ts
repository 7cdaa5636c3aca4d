import { METADATA_BYTES_MAX } from './limits.ts';

/**
 * The client's own data of an application, a chat or a message: a JSON object. The system keeps it as compact JSON, and
 * never looks into it.
 */

/** Why a metadata object cannot be kept so that it comes back equal; undefined if it can. */
export function metadataProblem(metadata: object): string | undefined {
  const text = compact(metadata);
  if (text === undefined || Buffer.byteLength(text) > METADATA_BYTES_MAX) {
    return `must have at most ${METADATA_BYTES_MAX} bytes as compact JSON`;
  }
  return hasChangedNumber(metadata) ? 'must have no whole number beyond ±(2^53 - 1): send it as text' : undefined;
}

/** Undefined if the object is nested so deeply that JSON.stringify gives up. */
function compact(metadata: object): string | undefined {
  try {
    return JSON.stringify(metadata);
  } catch {
    return undefined;
  }
}

/** Whether a value has a number that JavaScript, and many other readers of JSON, may have changed. */
function hasChangedNumber(value: unknown): boolean {
  if (typeof value === 'number')
    return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
  return typeof value === 'object' && value !== null && Object.values(value).some(hasChangedNumber);
}
