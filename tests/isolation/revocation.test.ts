/** A revoked key ends at once: in every program by a hint of Redis, and within 10 s where Redis is away. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SCOPES } from '@parley/domain';
import { until } from '@parley/testing';
import { programs, stack } from '../support/test-stack.ts';
import { Asking, bearer } from './asking.ts';
import { type Door, isDistributed, openSecured, type Secured } from './system.ts';

/** What is promised, and what a loaded machine may take to notice. */
const WITHOUT_REDIS_MS = 10_000;
const AT_ONCE_MS = 1_500;

let secured: Secured;
let asking: Asking;
let token: string;
beforeAll(async () => {
  secured = await openSecured();
  asking = new Asking(secured);
  token = (await asking.admin('POST', '/applications', { application_name: 'Revocation' })).application_token;
  await asking.admin('POST', `/applications/${token}/chats`, {});
}, 60_000);
afterAll(() => secured.stop());

interface Pair {
  readonly id: string;
  readonly key: string;
  /** A user token that the key has made. */
  readonly user: string;
}

async function newPair(): Promise<Pair> {
  const { id, secret_key: key } = await asking.admin('POST', `/applications/${token}/keys`, {
    ...{ name: 'To be revoked', scopes: SCOPES },
  });
  const json = { user_id: 'anna', chats: '*' };
  const { body } = await asking.call('POST', `/applications/${token}/sessions`, { as: bearer(key), json });
  return { id, key, user: body.access_token };
}

/** The status of a create (of an ingest) or of a read (of an api) by a credential, through a door. */
async function statusOf(door: Door, credential: string): Promise<number> {
  const through = new Asking(secured, door);
  const messages = `/applications/${token}/chats/1/messages`;
  const creates = door.name.startsWith('ingest');
  const json = creates ? { message_content: 'still' } : undefined;
  const { status } = await through.call(creates ? 'POST' : 'GET', messages, { as: bearer(credential), json });
  return status;
}

/** How long after `since` the door was seen to let the credential in last. Waits until it refuses it. */
async function honouredFor(door: Door, credential: string, since: number, withinMs: number): Promise<number> {
  let last = since;
  await until(
    `${door.name} refuses it`,
    async () => {
      const sent = performance.now();
      const status = await statusOf(door, credential);
      if (status < 300) last = sent;
      return status === 401;
    },
    withinMs,
  );
  return last - since;
}

if (isDistributed) describe('in all programs', ofAllPrograms);

function ofAllPrograms(): void {
  let doors: Door[];
  beforeAll(async () => {
    const all = (await programs()).filter(({ name }) => /^(ingest|api)-/.test(name));
    doors = all.map(({ name, port }) => ({ name, url: () => `http://127.0.0.1:${port}` }));
    expect(doors.length).toBe(4);
  });

  /** Revokes a key that all programs know, through one of them. Returns how long each honoured it, and its user token. */
  async function revoke(pair: Pair, withinMs: number): Promise<number[]> {
    for (const door of doors) {
      for (const credential of [pair.key, pair.user]) {
        await until(`${door.name} lets it in`, async () => (await statusOf(door, credential)) < 300, 20_000);
      }
    }
    const through = new Asking(
      secured,
      doors.find(({ name }) => name === 'api-1'),
    );
    const address = `/applications/${token}/keys/${pair.id}`;
    const { status } = await through.call('DELETE', address, { as: bearer(secured.adminKey) });
    expect(status).toBe(204);
    const since = performance.now();
    const watched = doors.flatMap((door) =>
      [pair.key, pair.user].map((credential) => honouredFor(door, credential, since, withinMs)),
    );
    return Promise.all(watched);
  }

  test('at once', async () => {
    for (const ms of await revoke(await newPair(), 10_000)) expect(ms).toBeLessThan(AT_ONCE_MS);
  }, 60_000);

  test('within 10 s while Redis is away', async () => {
    const pair = await newPair();
    const known = await newPair();
    for (const door of doors) await statusOf(door, known.key);
    await stack('stop', 'redis');
    try {
      const readers = doors.filter(({ name }) => name.startsWith('api'));
      // Without Redis no create succeeds, so of ingests it shows that the key is refused as such: not 503 but 401.
      const through = new Asking(secured, readers[0]);
      const address = `/applications/${token}/keys/${pair.id}`;
      for (const door of readers) expect(await statusOf(door, pair.key)).toBe(200);
      await until(
        'it is revoked',
        async () => (await through.call('DELETE', address, { as: bearer(secured.adminKey) })).status === 204,
        20_000,
      );
      const since = performance.now();
      for (const ms of await Promise.all(
        doors.flatMap((door) =>
          [pair.key, pair.user].map((credential) => honouredFor(door, credential, since, WITHOUT_REDIS_MS + 5_000)),
        ),
      )) {
        expect(ms).toBeLessThan(WITHOUT_REDIS_MS);
      }
      for (const door of readers) expect([door.name, await statusOf(door, known.key)]).toEqual([door.name, 200]);
    } finally {
      await stack('start', 'redis');
    }
    await until('creates are accepted again', async () => (await statusOf(doors[0]!, known.key)) < 500, 60_000);
  }, 180_000);
}

test('at once in the program that revokes it', async () => {
  const pair = await newPair();
  const [door] = secured.doors;
  expect(await statusOf(door!, pair.key)).toBe(200);
  await asking.admin('DELETE', `/applications/${token}/keys/${pair.id}`);
  if (isDistributed) return;
  expect(await statusOf(door!, pair.key)).toBe(401);
  expect(await statusOf(door!, pair.user)).toBe(401);
});
