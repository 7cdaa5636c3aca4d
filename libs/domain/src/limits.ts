/** The limits that the API's contract promises. Lengths are in characters (Unicode code points), sizes in bytes. */

export const NAME_CHARACTERS_MAX = 255;
export const CONTENT_CHARACTERS_MAX = 10_000;
export const SEARCH_QUERY_CHARACTERS_MAX = 1_000;
export const BATCH_MESSAGES_MAX = 1_000;
export const IDEMPOTENCY_KEY_CHARACTERS_MAX = 255;
/**
 * All clients share the idempotency keys of POST /applications, so such a key must be hard to guess: who sends it again
 * with the same body gets the application's token.
 */
export const APPLICATION_IDEMPOTENCY_KEY_CHARACTERS_MIN = 32;
export const PAGE_LIMIT_DEFAULT = 50;
export const PAGE_LIMIT_MAX = 200;
export const NUMBER_MAX = 9_999_999_999;
/** The most bytes of a single create's body: 10,000 emoji written as escapes are 120 kB. */
export const BODY_BYTES_MAX = 128 * 1024;
export const BATCH_BODY_BYTES_MAX = 2 * 1024 * 1024;
/**
 * A create is acknowledged only if the event log confirms its event within this time after the request for its number.
 */
export const ACKNOWLEDGE_WITHIN_MS = 2_000;
export const IDEMPOTENCY_WINDOW_MS = 24 * 60 * 60 * 1_000;
/** The most bytes of a metadata object, as compact JSON in UTF-8. */
export const METADATA_BYTES_MAX = 4 * 1024;
export const ID_CHARACTERS_MAX = 128;
/** A page reads at most this many rows, deleted ones included. */
export const PAGE_ROWS_READ_MAX = 2_000;
export const RETENTION_DAYS_MAX = 36_500;
/** Unread messages are counted exactly up to this number. */
export const UNREAD_COUNT_MAX = 100;
/** The most rows that one transaction of a purge removes. */
export const PURGE_ROWS_MAX = 1_000;
/** The most dead letters that one request publishes again: well before a proxy's deadline. */
export const REPLAYED_MAX = 1_000;
