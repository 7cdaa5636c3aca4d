/** Reads and forges JSON Web Tokens, without the library that the programs use. */
import { createHmac, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';

type Part = Readonly<Record<string, unknown>>;
export type Signer = (input: string) => Buffer;

export interface Jwt {
  readonly header: Part;
  readonly claims: Part;
}

export function readJwt(text: string): Jwt {
  const [header = '', claims = ''] = text.split('.');
  return { header: decoded(header), claims: decoded(claims) };
}

export function jwt({ header, claims }: Jwt, signer: Signer): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}

export const unsigned: Signer = () => Buffer.alloc(0);

/** Signs by HMAC: a program that takes its public key as this secret would accept it. */
export function hs256(secret: string | Buffer): Signer {
  return (input) => createHmac('sha256', secret).update(input).digest();
}

/** Signs with the private key `jwk`, or with a new one. */
export function eddsa(jwk?: object): Signer {
  const key =
    jwk === undefined
      ? generateKeyPairSync('ed25519').privateKey
      : createPrivateKey({ key: { ...jwk }, format: 'jwk' });
  return (input) => sign(null, Buffer.from(input), key);
}

function encoded(part: Part): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function decoded(part: string): Part {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Part;
}
