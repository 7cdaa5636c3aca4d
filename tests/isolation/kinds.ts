/** Every kind of credential that must not open a victim's place, and what the answer must be. */
import { newSecretKey, SCOPES, type Scope, type Token } from '@parley/domain';
import { bearer } from './asking.ts';
import { type Entry, isAllowed } from './entries.ts';
import { eddsa, hs256, jwt, readJwt, unsigned } from './forge.ts';
import type { Scene } from './scene.ts';
import type { Secured } from './system.ts';

/** A status; `absent`: the same 404 as for what does not exist; `open`: it may. */
export type Verdict = 401 | 403 | 'absent' | 'open';

export interface Kind {
  readonly name: string;
  /** The Authorization header; undefined: none. */
  readonly as: string | undefined;
  readonly verdict: (entry: Entry, path: string) => Verdict;
}

const unknown = (): Verdict => 401;
const hasToken = (path: string): boolean => path.includes('{token}');
const hasChat = (path: string): boolean => path.includes('{number}');

/** `path`: the document's, with its parameters in braces. */
export async function kindsAgainst(victim: Scene, other: Scene, secured: Secured): Promise<Kind[]> {
  return [
    ...malformed(victim, secured.adminKey),
    ...keys(victim, other),
    ...users(victim, other),
    ...(await forged(victim.users.anna, secured)),
  ];
}

function malformed({ full, place, users: { anna } }: Scene, adminKey: string): Kind[] {
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const headers = {
    'no credential': undefined,
    'an empty header': '',
    'a scheme alone': 'Bearer',
    'nothing after the scheme': 'Bearer ',
    'a credential without scheme': full,
    'a user token without scheme': anna,
    'an admin key without scheme': adminKey,
    'another scheme': basic(place.user, full),
    'an admin key by another scheme': basic('admin', adminKey),
    'an unknown scheme': `Token ${full}`,
    'two credentials': `Bearer ${full} ${full}`,
    'two headers in one': `Bearer nothing, Bearer ${full}`,
    'an application’s token': bearer(place.token),
    'a text': bearer('let-me-in'),
    'a long text': bearer(crypto.randomUUID().repeat(56)),
    'a key in quotes': bearer(`"${full}"`),
    'an admin key that lacks its end': bearer(adminKey.slice(0, -1)),
    'an admin key with an end': bearer(`${adminKey}0`),
    'an admin key with another end': bearer(`${adminKey.slice(0, -1)}${adminKey.endsWith('0') ? '1' : '0'}`),
    'the beginning of an admin key': bearer(adminKey.slice(0, 32)),
    'two admin keys': bearer(`${adminKey},${adminKey}`),
  };
  return Object.entries(headers).map(([name, as]) => ({ name, as, verdict: unknown }));
}

function keys(victim: Scene, other: Scene): Kind[] {
  const { full, revoked, expired, scoped, place } = victim;
  const last = full.endsWith('0') ? '1' : '0';
  const foreign = (status: 401 | 403) => (_: Entry, path: string) => (hasToken(path) ? 'absent' : status);
  const refused = {
    'an unknown key': newSecretKey(place.token as Token),
    'an unknown admin key': newSecretKey(),
    'a key with a wrong checksum': full.slice(0, -1) + last,
    'a key in lower case': full.toLowerCase(),
    'a key that lacks its end': full.slice(0, -1),
    'a key with an end': `${full}0`,
    'a revoked key': revoked,
    'an expired key': expired,
  };
  return [
    ...Object.entries(refused).map(([name, key]) => ({ name, as: bearer(key), verdict: unknown })),
    { name: 'another application’s key', as: bearer(other.full), verdict: foreign(403) },
    {
      name: 'an unknown key of another application',
      as: bearer(newSecretKey(other.place.token as Token)),
      verdict: foreign(401),
    },
    ...SCOPES.map((scope) => ({
      name: `a key with only ${scope}`,
      as: bearer(scoped[scope]),
      verdict: (entry: Entry): Verdict => (isAllowed(entry, [scope]) ? 'open' : 403),
    })),
  ];
}

function users(victim: Scene, other: Scene): Kind[] {
  const within = (scopes: readonly Scope[], isOwner: boolean) => (entry: Entry) => {
    const isFor = entry.users === 'all' || (entry.users === 'own' && isOwner);
    return isFor && isAllowed(entry, scopes) ? 'open' : 403;
  };
  const both = ['messages:read', 'messages:write'] as const;
  /** A chat outside its chats does not exist, whatever is asked of it. Elsewhere it is limited to them. */
  const outside = (entry: Entry, path: string) => (hasChat(path) ? 'absent' : within(both, true)(entry));
  const { anna, annaReads, annaWrites, ben, elsewhere, nowhere, orphaned, ended } = victim.users;
  const kinds: readonly (readonly [name: string, token: string, verdict: Kind['verdict']])[] = [
    ['a user’s token', anna, within(both, true)],
    ['a user’s token that only reads', annaReads, within(['messages:read'], true)],
    ['a user’s token that only writes', annaWrites, within(['messages:write'], true)],
    ['another user’s token', ben, within(both, false)],
    ['a user’s token for other chats', elsewhere, outside],
    ['a user’s token without chats', nowhere, outside],
    ['a user’s token whose secret key was revoked', orphaned, unknown],
    ['a user’s token past its end', ended, unknown],
    ['a user’s token of another application', other.users.anna, (_, path) => (hasToken(path) ? 'absent' : 403)],
  ];
  return kinds.map(([name, token, verdict]) => ({ name, as: bearer(token), verdict }));
}

/** Copies of a good user token that its signature does not cover. */
async function forged(good: string, secured: Secured): Promise<Kind[]> {
  const { header, claims } = readJwt(good);
  const [head = '', body = '', signature = ''] = good.split('.');
  const { publicKey } = await secured.signingKey();
  const point = Buffer.from(String(JSON.parse(publicKey).x), 'base64url');
  const none = { header: { ...header, alg: 'none' }, claims };
  const symmetric = { header: { ...header, alg: 'HS256' }, claims };
  const bens = jwt({ header, claims: { ...claims, sub: 'ben' } }, unsigned).split('.')[1];
  const tokens = {
    'signed by nobody': jwt(none, unsigned),
    'signed by nobody, in capitals': jwt({ ...none, header: { ...header, alg: 'NONE' } }, unsigned),
    'signed by nobody, with a signature': `${jwt(none, unsigned)}${signature}`,
    'without signature': `${head}.${body}.`,
    'without its last part': `${head}.${body}`,
    'with a part more': `${good}.${signature}`,
    'signed by the public key’s text': jwt(symmetric, hs256(publicKey)),
    'signed by the public key’s bytes': jwt(symmetric, hs256(point)),
    'signed by an empty secret': jwt(symmetric, hs256('')),
    'signed by another key': jwt({ header, claims }, eddsa()),
    'signed by another key that nobody knows': jwt(
      { header: { ...header, kid: crypto.randomUUID() }, claims },
      eddsa(),
    ),
    'signed by another key that it brings': jwt({ header: { ...header, jwk: JSON.parse(publicKey) }, claims }, eddsa()),
    'signed by a key without name': jwt({ header: { alg: 'EdDSA', typ: 'JWT' }, claims }, eddsa()),
    'of another user': `${head}.${bens}.${signature}`,
    'with a wrong signature': `${head}.${body}.${signature.slice(0, -4)}AAAA`,
    'of three dots': 'eyJhbGciOiJFZERTQSJ9..',
  };
  return Object.entries(tokens).map(([name, token]) => ({
    name: `a user’s token ${name}`,
    as: bearer(token),
    verdict: unknown,
  }));
}
