/**
 * The text of a secret key: `parley_sk_`, the application's token (22 characters), 32 random characters (190 bits), and
 * a checksum (6 characters, CRC-32), all in base 62. So a scanner of published code recognizes it, a mistyped one is
 * refused without a look-up, and a key names its application. An admin key begins with `parley_ak_` and has no token.
 */
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { parseToken, type Token } from './identifiers.ts';

const SECRET_PREFIX = 'parley_sk_';
const ADMIN_PREFIX = 'parley_ak_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const TOKEN_CHARACTERS = 22;
const RANDOM_CHARACTERS = 32;
const CHECKSUM_CHARACTERS = 6;
const SHAPE = new RegExp(
  `^(?:${SECRET_PREFIX}[0-9A-Za-z]{${TOKEN_CHARACTERS + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS}}` +
    `|${ADMIN_PREFIX}[0-9A-Za-z]{${RANDOM_CHARACTERS + CHECKSUM_CHARACTERS}})$`,
);

/** `token`: the application; undefined makes an admin key. */
export function newSecretKey(token?: Token): string {
  const named =
    token === undefined ? ADMIN_PREFIX : SECRET_PREFIX + encode(BigInt(`0x${token.replaceAll('-', '')}`), 22);
  const text = named + randomText();
  return text + checksum(text);
}

/** What a key's text says: its application, undefined for an admin key. Undefined if it is no key of ours. */
export function parseSecretKey(text: string): { readonly token: Token | undefined } | undefined {
  if (!SHAPE.test(text)) return undefined;
  if (text.slice(-CHECKSUM_CHARACTERS) !== checksum(text.slice(0, -CHECKSUM_CHARACTERS))) return undefined;
  if (text.startsWith(ADMIN_PREFIX)) return { token: undefined };
  const token = tokenOf(text.slice(SECRET_PREFIX.length, SECRET_PREFIX.length + TOKEN_CHARACTERS));
  return token === undefined ? undefined : { token };
}

/** SHA-256 in hexadecimal: what the store has of a key. A key is random, so a slow hash would add nothing. */
export function hashOfKey(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function tokenOf(text: string): Token | undefined {
  let value = 0n;
  for (const character of text) value = value * 62n + BigInt(ALPHABET.indexOf(character));
  const hex = value.toString(16).padStart(32, '0');
  return parseToken(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
}

function checksum(text: string): string {
  return encode(BigInt(crc32(text)), CHECKSUM_CHARACTERS);
}

function encode(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = ALPHABET[Number(rest % 62n)] + text;
  return text.padStart(length, '0');
}

function randomText(): string {
  let text = '';
  while (text.length < RANDOM_CHARACTERS) {
    // Bytes from 248 on are left out: they would make the first characters more likely.
    for (const byte of randomBytes(RANDOM_CHARACTERS)) if (byte < 248) text += ALPHABET[byte % 62];
  }
  return text.slice(0, RANDOM_CHARACTERS);
}
