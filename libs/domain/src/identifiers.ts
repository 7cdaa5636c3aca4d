/** Tokens and numbers in a request's path. Each has exactly one valid form: `0x10`, ` 1` and `01` never name a chat. */

/** An application's token: a version 4 UUID in lower case, 122 random bits. */
export type Token = string;

export const TOKEN_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';
export const NUMBER_PATTERN = '^[1-9][0-9]{0,9}$';

/** A sender's or user's id in the client's own system. */
export const ID_PATTERN = '^(?!\\.{1,2}$)[A-Za-z0-9_.:@+=-]{1,128}$';

const TOKEN = new RegExp(TOKEN_PATTERN);
const NUMBER = new RegExp(NUMBER_PATTERN);
const ID = new RegExp(ID_PATTERN);

export function newToken(): Token {
  return crypto.randomUUID();
}

/** Returns `text` if it is a token, else undefined. Upper case is not accepted. */
export function parseToken(text: string): Token | undefined {
  return TOKEN.test(text) ? text : undefined;
}

/** Returns the number (1 to 9,999,999,999) that `text` is in decimal, or undefined if it is none. */
export function parseNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

/** Returns `text` if it can be a sender's or user's id, else undefined. */
export function parseId(text: string): string | undefined {
  return ID.test(text) ? text : undefined;
}

/**
 * The partition of an application, 0 to `partitions` - 1. All its events are in this one, so they keep their order.
 * Tokens are random, so their first 32 bits spread applications evenly.
 */
export function partitionOf(token: Token, partitions: number): number {
  return Number.parseInt(token.slice(0, 8), 16) % partitions;
}
