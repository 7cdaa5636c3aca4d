/** What an Authorization header has. */

const BEARER = /^bearer +([\x21-\x7e]+) *$/i;

/** The credential; undefined if the header is not `Bearer` with one. */
export function credentialOf(authorization: string): string | undefined {
  return BEARER.exec(authorization)?.[1];
}

/** The one form in which a credential is remembered. Otherwise each number of spaces would be another entry. */
export function bearer(credential: string): string {
  return `Bearer ${credential}`;
}
