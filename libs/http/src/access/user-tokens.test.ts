import { describe, expect, test } from 'bun:test';
import { newSecretKey } from '@parley/domain';
import { importJWK, type JWK, SignJWT } from 'jose';
import { OTHER, OWN, openedAccess, outcome } from '../testing/opened-access.ts';
import { rotateSigningKey, type UserSession } from './signing.ts';

type Opened = Awaited<ReturnType<typeof openedAccess>>;

/** A user token that Access itself has signed. */
async function issued({ access, clock }: Opened, more: Partial<UserSession> = {}): Promise<string> {
  const issuedAt = Math.floor(clock.now() / 1_000);
  const token = await access.userTokens.sign({
    ...{ token: OWN, user: 'anna', chats: [1, 2], scopes: ['messages:read', 'messages:write'], key: undefined },
    ...{ issuedAt, expiresAt: issuedAt + 600, ...more },
  });
  return `Bearer ${token}`;
}

interface Forged {
  readonly header?: object;
  readonly claims?: object;
  readonly alg?: 'EdDSA' | 'HS256';
}

/** A token with any header and claims, signed with the key of the store, or with its public part as a secret. */
async function signed(its: Opened, { header, claims, alg = 'EdDSA' }: Forged): Promise<string> {
  if (its.keys.signing.length === 0) await issued(its);
  const [key] = its.keys.signing;
  if (key === undefined) throw new Error('there is no signing key');
  const exp = Math.floor(its.clock.now() / 1_000) + 600;
  const payload = { iss: 'parley', aud: OWN, sub: 'anna', chats: '*', can: ['messages:read'], exp };
  const secret = alg === 'HS256' ? Buffer.from(key.publicKey) : await importJWK(JSON.parse(key.privateKey) as JWK, alg);
  const jwt = new SignJWT({ ...payload, ...claims }).setProtectedHeader({ alg, typ: 'JWT', kid: key.kid, ...header });
  return `Bearer ${await jwt.sign(secret)}`;
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decoded = (text = '') => JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;
const partsOf = (header: string) => header.slice('Bearer '.length).split('.') as [string, string, string];

describe.each(['keyed', 'open'] as const)('in %s mode, a user token', (mode) => {
  const keyed = mode === 'keyed';
  const opened = () => openedAccess({ keyed });

  test('says who asks, and is verified once', async () => {
    const its = await opened();
    const header = await issued(its);
    const caller = await its.ask('getMessage', header);
    expect(caller).toMatchObject({ kind: 'user', token: OWN, user: 'anna', chats: new Set([1, 2]) });
    expect(its.ask('getMessage', header)).toBe(caller);
    expect(await its.tried('listMessages', header, { token: OWN, number: '2' })).toBe('user');
  });

  test('sees no other application and no other chat, before its rights are looked at', async () => {
    const its = await opened();
    const header = await issued(its, { scopes: ['messages:read'] });
    for (const time of ['unknown', 'known']) {
      for (const id of ['getMessage', 'createMessage', 'deleteChat', 'searchMessages'] as const) {
        expect(await its.tried(id, header, { token: OTHER, number: '1' }), time).toBe('NotFound');
        for (const number of ['3', '01', 'x', '']) {
          expect(await its.tried(id, header, { token: OWN, number }), `${time} ${id} ${number}`).toBe('NotFound');
        }
      }
      expect(await its.tried('getApplication', header, { token: OTHER }), time).toBe('NotFound');
      expect(await its.tried('getMessage', header)).toBe('user');
    }
  });

  test('may do what its scopes say, where users are admitted', async () => {
    const its = await opened();
    const reader = await issued(its, { scopes: ['messages:read'] });
    expect(await its.tried('getMessage', reader)).toBe('user');
    for (const id of ['createMessage', 'getApplication', 'createChat', 'createKey', 'createSession'] as const) {
      expect(await its.tried(id, reader), id).toBe('Forbidden');
    }
    for (const id of ['createApplication', 'listApplications', 'listPrograms'] as const) {
      expect(await its.tried(id, reader, {}), id).toBe('Forbidden');
    }
  });

  test('without the claim sees no chat; with * all', async () => {
    const its = await opened();
    const none = await issued(its, { chats: [] });
    expect(decoded(partsOf(none)[1])).not.toHaveProperty('chats');
    expect(await its.tried('getMessage', none)).toBe('NotFound');
    expect(await its.tried('listChats', none)).toBe('user');
    const all = await issued(its, { chats: '*' });
    expect(await its.tried('getMessage', all, { token: OWN, number: '999' })).toBe('user');
  });

  test('is refused unless its header, signature and times are right', async () => {
    const its = await opened();
    const right = await signed(its, {});
    expect(await its.tried('getMessage', right)).toBe('user');
    const now = Math.floor(its.clock.now() / 1_000);
    const kid = its.keys.signing[0]?.kid ?? '';
    const [head, payload, signature] = partsOf(right);
    const unsigned = part({ alg: 'none', typ: 'JWT', kid });
    const stranger = await openedAccess();
    const strangers = partsOf(await signed(stranger, { header: { kid } }));
    const jwk = JSON.parse(stranger.keys.signing[0]?.publicKey ?? '') as object;
    const carried = partsOf(await signed(stranger, { header: { kid, jwk } }));
    const cases: Readonly<Record<string, string>> = {
      none: `Bearer ${unsigned}.${payload}.x`,
      'none, without a signature': `Bearer ${unsigned}.${payload}.`,
      'none, with a signature': `Bearer ${unsigned}.${payload}.${signature}`,
      'another algorithm': await signed(its, { alg: 'HS256' }),
      'another type': await signed(its, { header: { typ: 'at+jwt' } }),
      'no type': await signed(its, { header: { typ: undefined } }),
      'another kid': await signed(its, { header: { kid: 'other' } }),
      'no kid': await signed(its, { header: { kid: undefined } }),
      'a stranger’s key': `Bearer ${strangers.join('.')}`,
      'a key in its header': `Bearer ${carried.join('.')}`,
      'another payload': `Bearer ${head}.${part({ ...decoded(payload), sub: 'eve' })}.${signature}`,
      ended: await signed(its, { claims: { exp: now } }),
      'not yet begun': await signed(its, { claims: { nbf: now + 60 } }),
    };
    for (const [what, header] of Object.entries(cases)) {
      expect(await its.tried('getMessage', header), what).toBe('Unauthenticated');
    }
  });

  test('is refused unless its claims are right', async () => {
    const its = await opened();
    const now = Math.floor(its.clock.now() / 1_000);
    const cases: Readonly<Record<string, object>> = {
      'no end': { exp: undefined },
      'a text as its end': { exp: `${now + 60}` },
      'a list of applications': { aud: [OWN] },
      'no application': { aud: undefined },
      'no user': { sub: undefined },
      'no id as its user': { sub: 'a b' },
      'a text as its chats': { chats: '1' },
      'texts as its chats': { chats: ['1'] },
      'a part as a chat': { chats: [1.5] },
      'no scopes': { can: undefined },
      'other scopes': { can: ['messages:read', 'keys'] },
      'a number as its key': { key: 1 },
    };
    for (const [what, claims] of Object.entries(cases)) {
      expect(await its.tried('getMessage', await signed(its, { claims })), what).toBe('Unauthenticated');
    }
    const foreign = await signed(its, { claims: { iss: 'them' } });
    expect(await its.tried('getMessage', foreign)).toBe(keyed ? 'Unauthenticated' : 'anyone');
  });

  test('for another application is 404 there, before its signature is checked', async () => {
    const its = await opened();
    const [head, payload, signature] = partsOf(await issued(its));
    const forged = `Bearer ${head}.${part({ ...decoded(payload), aud: OTHER })}.${signature}`;
    expect(() => its.ask('getMessage', forged)).toThrow('no such message');
    expect(await its.tried('getMessage', await signed(its, { claims: { aud: OTHER } }))).toBe('NotFound');
  });

  test('ends at its time, known or not', async () => {
    const its = await opened();
    const [known, unknown] = [await issued(its, { user: 'a' }), await issued(its, { user: 'b' })];
    expect(await its.tried('getMessage', known)).toBe('user');
    await its.clock.advance(600_000);
    expect(await its.tried('getMessage', known)).toBe('Unauthenticated');
    expect(await its.tried('getMessage', unknown)).toBe('Unauthenticated');
  });

  test('ends with the key that made it, at once by a hint, else by a look', async () => {
    const its = await opened();
    const [hinted, looked] = [its.keys.make(OWN).id, its.keys.make(OWN).id];
    const ofHinted = [await issued(its, { key: hinted, user: 'a' }), await issued(its, { key: hinted, user: 'b' })];
    const ofLooked = [await issued(its, { key: looked, user: 'a' }), await issued(its, { key: looked, user: 'b' })];
    for (const header of [ofHinted[0], ofLooked[0]]) expect(await its.tried('getMessage', header)).toBe('user');
    await its.hints.tell({ kind: 'revoked', id: hinted });
    await its.keys.revokeKey(OWN, looked);
    for (const header of ofHinted) expect(await its.tried('getMessage', header)).toBe('Unauthenticated');
    expect(await its.tried('getMessage', ofLooked[0])).toBe('user');
    await its.clock.advance(5_000);
    for (const header of ofLooked) expect(await its.tried('getMessage', header)).toBe('Unauthenticated');
  });

  test('of a key that was revoked before this process began is refused', async () => {
    const first = await opened();
    const { id } = first.keys.make(OWN);
    const header = await issued(first, { key: id });
    await first.keys.revokeKey(OWN, id);
    const second = await openedAccess({ keyed, keys: first.keys, clock: first.clock });
    expect(await second.tried('getMessage', header)).toBe('Unauthenticated');
  });

  test('of a signing key that is not known here yet has the store asked once', async () => {
    const first = await opened();
    const second = await openedAccess({ keyed, keys: first.keys, clock: first.clock });
    const header = await issued(first);
    const before = first.keys.looks;
    const asked = Array.from({ length: 50 }, () => outcome(() => second.ask('getMessage', header)));
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['user']));
    expect(first.keys.looks).toBe(before + 1);
  });

  test('of a signing key that was dropped ends', async () => {
    const its = await opened();
    const header = await issued(its);
    expect(await its.tried('getMessage', header)).toBe('user');
    its.keys.signing.splice(0);
    await its.clock.advance(5_000);
    expect(await its.tried('getMessage', header)).toBe('Unauthenticated');
  });
});

test('a user token that was made without a key ends when keys are turned on, known or not', async () => {
  const its = await openedAccess({ keyed: false });
  const [known, unseen, kept] = [
    await issued(its, { open: true }),
    await issued(its, { open: true, user: 'bob' }),
    await issued(its, { user: 'carl' }),
  ];
  for (const header of [known, kept]) expect(await its.tried('getMessage', header)).toBe('user');
  its.keys.keyed = true;
  await its.hints.tell({ kind: 'changed' });
  for (const header of [known, unseen]) expect(await its.tried('getMessage', header)).toBe('Unauthenticated');
  expect(await its.tried('getMessage', kept)).toBe('user');
  its.keys.keyed = false;
  await its.hints.tell({ kind: 'changed' });
  expect(await its.tried('getMessage', known)).toBe('user');
});

describe('signing keys', () => {
  test('the first is made once, by whichever program needs it', async () => {
    const its = await openedAccess();
    await Promise.all(Array.from({ length: 5 }, () => issued(its)));
    expect(its.keys.signing).toHaveLength(1);
  });

  test('a newer one signs from the next look on; the tokens of the other stay valid, then it is dropped', async () => {
    const its = await openedAccess();
    const hours = (count: number) => count * 60 * 60 * 1_000;
    const early = await issued(its);
    await its.clock.advance(60_000);
    const kid = await rotateSigningKey(its.keys, { now: its.clock.now() });
    await its.hints.tell({ kind: 'changed' });
    await its.clock.advance(0);
    const late = await issued(its);
    expect([early, late].map((header) => decoded(partsOf(header)[0]).kid)).toEqual([its.keys.signing[0]?.kid, kid]);
    expect(await its.tried('getMessage', early)).toBe('user');
    expect(await its.tried('getMessage', late)).toBe('user');
    await its.clock.advance(hours(24));
    expect(its.keys.signing).toHaveLength(2);
    await its.clock.advance(hours(1) + 120_000);
    expect(its.keys.signing.map((key) => key.kid)).toEqual([kid]);
    await its.clock.advance(hours(50));
    expect(its.keys.signing).toHaveLength(1);
  });

  test('after a leak a newer one ends the tokens of all others at once', async () => {
    const its = await openedAccess();
    const early = await issued(its);
    expect(await its.tried('getMessage', early)).toBe('user');
    await rotateSigningKey(its.keys, { endsOthers: true, now: its.clock.now() });
    await its.hints.tell({ kind: 'changed' });
    await its.clock.advance(1_000);
    expect(await its.tried('getMessage', early)).toBe('Unauthenticated');
    expect(await its.tried('getMessage', await issued(its))).toBe('user');
  });

  test('without the store, tokens are signed with the key in memory; without one it is an outage', async () => {
    const its = await openedAccess();
    its.keys.away = true;
    await expect(issued(its)).rejects.toThrow('away');
    its.keys.away = false;
    await issued(its);
    its.keys.away = true;
    expect(await its.tried('getMessage', await issued(its))).toBe('Unavailable');
  });
});

test('tokens with made-up signing keys lead to five looks a second at most', async () => {
  const its = await openedAccess();
  await its.clock.advance(1_000);
  const before = its.keys.looks;
  const claims = { iss: 'parley', aud: OWN, sub: 'eve', can: [], exp: its.clock.now() / 1_000 + 60 };
  const asked: Promise<string>[] = [];
  for (let turn = 0; turn < 40; turn += 1) {
    for (let each = 0; each < 20; each += 1) {
      const token = `${part({ alg: 'EdDSA', typ: 'JWT', kid: `k${turn}-${each}` })}.${part(claims)}.x`;
      asked.push(outcome(() => its.ask('getMessage', `Bearer ${token}`)));
    }
    await its.clock.advance(50);
  }
  await its.clock.advance(1_000);
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['Unauthenticated']));
  expect(its.keys.looks - before).toBeWithin(5, 13);
});

test('a store that does not answer has no token with an unknown signing key wait for longer than two seconds', async () => {
  const its = await openedAccess();
  its.keys.accessSince = () => new Promise<never>(() => {});
  const claims = { iss: 'parley', aud: OWN, sub: 'eve', can: [], exp: its.clock.now() / 1_000 + 60 };
  const ends: string[] = [];
  const asked = ['one', 'two'].map(async (kid) => {
    const header = `Bearer ${part({ alg: 'EdDSA', typ: 'JWT', kid })}.${part(claims)}.x`;
    ends.push(await outcome(() => its.ask('getMessage', header)));
  });
  // A key behind it waits no longer either.
  asked.push(outcome(() => its.ask('getMessage', `Bearer ${newSecretKey(OWN)}`)).then((end) => void ends.push(end)));
  await its.clock.advance(2_000);
  expect(ends).toEqual(['Unavailable', 'Unavailable', 'Unavailable']);
  await Promise.all(asked);
});

test('a flood of forged tokens is refused beyond a bound, and known ones go on', async () => {
  const its = await openedAccess();
  const known = await issued(its);
  expect(await its.tried('getMessage', known)).toBe('user');
  const [head, payload] = partsOf(known);
  const forged = (index: number) => `Bearer ${head}.${payload}.${Buffer.alloc(64, index % 251).toString('base64url')}`;
  const flood = Array.from({ length: 3_000 }, (_, index) => outcome(() => its.ask('getMessage', forged(index))));
  expect(its.ask('getMessage', known)).toMatchObject({ kind: 'user' });
  const ends = await Promise.all(flood);
  expect(ends.filter((end) => end === 'Unauthenticated')).toHaveLength(1_016);
  expect(ends.filter((end) => end === 'Unavailable')).toHaveLength(1_984);
  expect(await its.tried('getMessage', await issued(its, { user: 'bob' }))).toBe('user');
});
