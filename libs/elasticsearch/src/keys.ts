import { type SearchDocument, sequenceKey, type Token } from '@parley/domain';

/** The names of documents in an index. Each part is a term, so short names make every document cheaper. */
export interface Keys {
  routing(token: Token): string;
  /** A text for each chat that no other chat has. */
  chat(token: Token, chat: number): string;
}

/** A token's 16 bytes in 22 characters. Remembers the last one: a request mostly has few applications. */
let lastToken: Token = '';
let lastShort = '';
function short(token: Token): string {
  if (token !== lastToken) {
    lastShort = Buffer.from(token.replaceAll('-', ''), 'hex').toString('base64url');
    lastToken = token;
  }
  return lastShort;
}

export const SHORT_KEYS: Keys = { routing: short, chat: (token, chat) => `${short(token)}:${chat}` };

export const LONG_KEYS: Keys = {
  routing: (token) => token,
  chat: (token, chat) => sequenceKey({ kind: 'messages', token, chat }),
};

export function documentId(
  keys: Keys,
  { token, chat, number }: Pick<SearchDocument, 'token' | 'chat' | 'number'>,
): string {
  return `${keys.chat(token, chat)}:${number}`;
}
