/** Idempotency keys, keys and sessions give nobody more than is theirs, and no other way leads in. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rawHttp } from '../support/raw.ts';
import { Asking, bearer, told } from './asking.ts';
import { openScene, type Scene, snapshot } from './scene.ts';
import { openSecured, type Secured } from './system.ts';

let secured: Secured;
let asking: Asking;
let mine: Scene;
let foreign: Scene;
let path: string;
let foreignPath: string;
beforeAll(async () => {
  secured = await openSecured();
  asking = new Asking(secured);
  [mine, foreign] = await Promise.all([openScene(asking, 'Mine'), openScene(asking, 'Foreign')]);
  path = `/applications/${mine.place.token}`;
  foreignPath = `/applications/${foreign.place.token}`;
}, 120_000);
afterAll(() => secured.stop());

type User = keyof Scene['users'];

const as = (user: User) => bearer(mine.users[user]);
const get = (address: string, authorization: string) => asking.call('GET', address, { as: authorization });
const send = (method: string, address: string, authorization: string, json?: unknown, headers = {}) =>
  asking.call(method, address, { as: authorization, json, headers });
const post = (address: string, authorization: string, json: unknown, headers = {}) =>
  send('POST', address, authorization, json, headers);

test('who may only write is shown no stored text', async () => {
  const text = { message_content: 'A hidden text', metadata: { hidden: true }, sender_id: 'anna' };
  const created = await post(`${path}/chats/1/messages`, bearer(mine.full), text);
  const address = `${path}/chats/1/messages/${created.body.message_number}`;
  const changes = [
    { metadata: null },
    { metadata: { hidden: true } },
    { sender_id: 'anna' },
    { message_content: 'new' },
  ];
  for (const by of [bearer(mine.scoped['messages:write']), as('annaWrites')]) {
    for (const change of changes) {
      const { status, body } = await send('PATCH', address, by, change);
      expect(status).toBe('message_content' in change ? 200 : 403);
      expect(JSON.stringify(body)).not.toContain('hidden');
    }
    expect(JSON.stringify(await send('PUT', address, by, { message_content: 'new' }))).not.toContain('hidden');
    await send('PUT', address, bearer(mine.full), { message_content: text.message_content, metadata: text.metadata });
  }
});

describe('idempotency keys', () => {
  const keyed = () => ({ 'idempotency-key': crypto.randomUUID() });

  test('of one user give no other user, and no server, that user’s answer', async () => {
    const headers = keyed();
    const address = `${path}/chats/1/messages`;
    const content = { message_content: 'once' };
    const first = await post(address, as('anna'), content, headers);
    expect((await post(address, as('anna'), content, headers)).body).toEqual(first.body);
    expect((await post(address, as('annaIn1'), content, headers)).body).toEqual(first.body);
    const bens = await post(address, as('ben'), content, headers);
    expect([bens.status, bens.body.sender_id]).toEqual([201, 'ben']);
    expect(bens.body.message_number).toBeGreaterThan(first.body.message_number);
    const servers = await post(address, bearer(mine.full), content, headers);
    expect(servers.status).toBe(201);
    expect(servers.body.sender_id).toBeUndefined();
    expect(servers.body.message_number).toBeGreaterThan(bens.body.message_number);
  });

  test('give nothing to whom the chat does not exist', async () => {
    const headers = keyed();
    const address = `${path}/chats/1/messages`;
    const content = { message_content: 'once' };
    await post(address, as('anna'), content, headers);
    await post(address, bearer(mine.full), content, headers);
    for (const who of [as('elsewhere'), as('nowhere'), bearer(foreign.full), bearer(foreign.users.anna)]) {
      expect((await post(address, who, content, headers)).status).toBe(404);
    }
    expect((await post(address, bearer(mine.scoped['messages:read']), content, headers)).status).toBe(403);
    expect((await post(address, bearer(mine.revoked), content, headers)).status).toBe(401);
  });

  test('of one application give another one its own answer', async () => {
    const headers = keyed();
    const content = { message_content: 'once' };
    const first = await post(`${path}/chats/1/messages`, bearer(mine.full), content, headers);
    const other = await post(`${foreignPath}/chats/1/messages`, bearer(foreign.full), content, headers);
    expect([first.status, other.status]).toEqual([201, 201]);
    expect(other.body.application_token).toBe(foreign.place.token);
  });
});

describe('keys and sessions', () => {
  const scopesOf = (scopes: readonly string[]) => ({ name: 'made', scopes });

  test('a key gives no more than it has', async () => {
    const onlyKeys = bearer(mine.scoped.keys);
    expect((await post(`${path}/keys`, onlyKeys, scopesOf(['manage']))).status).toBe(403);
    expect((await post(`${path}/keys`, onlyKeys, scopesOf(['keys', 'messages:read']))).status).toBe(403);
    expect((await post(`${path}/keys`, onlyKeys, { name: 'all' })).status).toBe(403);
    const reads = bearer(mine.scoped['messages:read']);
    const session = { user_id: 'anna', chats: '*' };
    expect((await post(`${path}/sessions`, reads, { ...session, can: ['messages:write'] })).status).toBe(403);
    const { body } = await post(`${path}/sessions`, reads, session);
    expect((await get(`${path}/chats/1`, bearer(body.access_token))).status).toBe(200);
    const written = await post(`${path}/chats/1/messages`, bearer(body.access_token), { message_content: 'no' });
    expect(written.status).toBe(403);
  });

  test('neither a key nor a user token outlives the key that made it', async () => {
    const soon = new Date(Date.now() + 30 * 60_000).toISOString();
    const all = ['keys', 'messages:read'];
    const made = await asking.admin('POST', `${path}/keys`, { ...scopesOf(all), expires_at: soon });
    const by = bearer(made.secret_key);
    const later = new Date(Date.now() + 60 * 60_000).toISOString();
    expect((await post(`${path}/keys`, by, scopesOf(['keys']))).status).toBe(403);
    expect((await post(`${path}/keys`, by, { ...scopesOf(['keys']), expires_at: later })).status).toBe(403);
    const session = await post(`${path}/sessions`, by, { user_id: 'anna', ttl_s: 24 * 60 * 60 });
    expect(Date.parse(session.body.expires_at)).toBeLessThanOrEqual(Date.parse(soon));
  });

  test('another application’s key is not revoked, and is not told apart from one that is not there', async () => {
    const gone = await send('DELETE', `${path}/keys/${crypto.randomUUID()}`, bearer(mine.full));
    const theirs = await send('DELETE', `${path}/keys/${foreign.place.key}`, bearer(mine.full));
    expect(theirs.status).toBe(404);
    expect(told(theirs)).toEqual(told(gone));
    const kept = (await get(`${foreignPath}/keys`, bearer(foreign.full))).body as { id: string }[];
    expect(kept.map(({ id }) => id)).toContain(foreign.place.key);
  });

  test('a list of keys has no secret', async () => {
    const { body } = await get(`${path}/keys`, bearer(mine.full));
    expect(body.length).toBeGreaterThan(4);
    expect(JSON.stringify(body)).not.toContain('parley_sk_');
    expect(JSON.stringify(body)).not.toContain(mine.full.slice(-38));
  });
});

describe('no other way leads in', () => {
  test('addresses that are not in normal form, and tokens in capitals', async () => {
    const before = await snapshot(asking, mine.place);
    const own = foreign.place.token;
    const paths = [
      `/applications/${own}/../${mine.place.token}/chats`,
      `/applications/${own}/%2e%2e/${mine.place.token}/chats`,
      `/applications/${own}%2f..%2f${mine.place.token}/chats`,
      `/applications/${own}/..;/${mine.place.token}/chats`,
      `/applications//${mine.place.token}/chats`,
      `//applications/${mine.place.token}/chats`,
      `/applications/${mine.place.token.toUpperCase()}/chats`,
      `/applications/${own}/chats/../../${mine.place.token}/chats`,
      `/applications/${mine.place.token}%00/chats`,
      `/applications/${mine.place.token};${own}/chats`,
    ];
    for (const each of paths) {
      for (const authorization of [bearer(foreign.full), bearer(foreign.users.anna)]) {
        for (const method of ['GET', 'POST'])
          expect([each, await raw(method, each, { Authorization: authorization })]).toEqual([each, expect.any(Number)]);
      }
    }
    expect(await snapshot(asking, mine.place)).toBe(before);
  });

  async function raw(method: string, address: string, headers: Record<string, string>): Promise<number> {
    const body = method === 'POST' ? JSON.stringify({ chat_name: 'Smuggled' }) : undefined;
    const content = { 'Content-Type': 'application/json', ...headers };
    const sent = { method, path: `/api${address}`, headers: content, ...(body !== undefined && { body }) };
    const { status, body: told } = await rawHttp(secured.url, sent);
    expect(JSON.stringify(told)).not.toContain('Mine');
    expect([400, 401, 404]).toContain(status);
    return status;
  }

  test('two headers, an address’s user and password, a query, a cookie, another method’s name', async () => {
    const address = `${path}/chats`;
    const good = `Authorization: ${bearer(mine.full)}`;
    const two = [`${good}\r\nAuthorization: ${bearer('no')}`, `Authorization: ${bearer('no')}\r\n${good}`];
    for (const lines of two) {
      const [name = '', ...value] = lines.split(': ');
      const { status } = await rawHttp(secured.url, {
        ...{ method: 'GET', path: `/api${address}`, headers: { [name]: value.join(': ') } },
      });
      expect([400, 401]).toContain(status);
    }
    for (const query of ['access_token', 'token', 'key', 'api_key']) {
      const { status } = await asking.call('GET', `${address}?${query}=${mine.full}`);
      expect([query, status]).toEqual([query, 401]);
      const user = await asking.call('GET', `${address}?${query}=${mine.users.anna}`);
      expect([query, user.status]).toEqual([query, 401]);
    }
    const headers: Record<string, string>[] = [
      { cookie: `access_token=${mine.users.anna}` },
      { 'x-api-key': mine.full },
      { 'x-admin-key': secured.adminKey },
      { 'proxy-authorization': bearer(mine.full) },
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-original-url': '/healthz' },
    ];
    for (const each of headers) {
      const { status } = await asking.call('GET', address, { headers: each });
      expect([Object.keys(each), status]).toEqual([Object.keys(each), 401]);
    }
    const override = { 'x-http-method-override': 'DELETE' };
    const only = bearer(mine.scoped['messages:read']);
    expect((await asking.call('GET', `${path}/chats/1`, { as: only, headers: override })).status).toBe(200);
    expect((await get(`${path}/chats/1`, only)).status).toBe(200);
  });

  test('the scheme’s name may be in any case, as HTTP says', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect((await get(`${path}/chats`, `${scheme} ${mine.full}`)).status).toBe(200);
    }
  });

  test('health, documents and pages need no key, and tell nothing of any application', async () => {
    for (const page of ['/healthz', '/', '/docs', '/openapi.json', '/swagger/json']) {
      const response = await fetch(`${secured.url}${page}`);
      expect([page, response.status]).toEqual([page, 200]);
      expect(await response.text()).not.toContain(mine.place.token);
    }
  });
});
