/**
 * Tokens and numbers as they travel in paths. A text that is not exactly of the form names nothing: `0x10`, ` 1` or
 * `01` is never another chat.
 */

/** An application's token: a version 4 UUID in lower case, 122 random bits. */
export type Token = string;

export const TOKEN_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';
export const NUMBER_PATTERN = '^[1-9][0-9]{0,9}$';

const TOKEN = new RegExp(TOKEN_PATTERN);
const NUMBER = new RegExp(NUMBER_PATTERN);

export function newToken(): Token {
  return crypto.randomUUID();
}

/** The token that `text` is, or undefined where it cannot be one. Upper case is not accepted. */
export function parseToken(text: string): Token | undefined {
  return TOKEN.test(text) ? text : undefined;
}

/** The number (1 to 9,999,999,999) that `text` is, or undefined where it cannot be one. */
export function parseNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

/**
 * The partition, 0 to `partitions` - 1, in which everything of an application travels in one order. Tokens are random,
 * so their first 32 bits spread evenly.
 */
export function partitionOf(token: Token, partitions: number): number {
  return Number.parseInt(token.slice(0, 8), 16) % partitions;
}
