import { type SearchDocument, sequenceKey, type Token } from '@parley/domain';

/** How an index names applications and chats. These names are indexed, so short ones make documents cheaper. */
export interface Keys {
  routing(token: Token): string;
  /** Returns a name that no other chat has. */
  chat(token: Token, chat: number): string;
}

let lastToken: Token = '';
let lastShort = '';
/** Returns a token's 16 bytes in 22 characters. Remembers the last token: most requests have few applications. */
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
