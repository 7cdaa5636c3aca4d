/** Where a credential is let in, it sees and changes only what is its own. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Answer } from '../support/client.ts';
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

/** A new message of a user. Returns its address. */
async function messageOf(user: 'anna' | 'ben', chat = 1): Promise<string> {
  const { body } = await post(`${path}/chats/${chat}/messages`, as(user), { message_content: `of ${user}` });
  return `${path}/chats/${chat}/messages/${body.message_number}`;
}

describe('lists of chats show a user its chats alone', () => {
  const orders = ['', 'order=asc', 'order=desc', 'order=activity', 'user_id=anna', 'order=activity&user_id=anna'];

  test.each(orders)('?%s', async (query) => {
    const seen = await get(`${path}/chats?${query}`, as('elsewhere'));
    expect([seen.status, numbers(seen)]).toEqual([200, [2]]);
    const nothing = await get(`${path}/chats?${query}`, as('nowhere'));
    expect([nothing.status, nothing.body]).toEqual([200, []]);
    const all = await get(`${path}/chats?${query}`, as('anna'));
    expect(numbers(all).toSorted()).toEqual([1, 2, 3]);
  });

  test('page by page, also by a cursor that another one was given', async () => {
    for (const query of ['limit=1', 'limit=1&order=desc', 'limit=1&order=activity']) {
      expect(await pages(`${path}/chats?${query}`, as('elsewhere'))).toEqual([2]);
      expect(await pages(`${path}/chats?${query}`, as('nowhere'))).toEqual([]);
    }
    const { headers } = await get(`${path}/chats?limit=1&order=activity`, as('anna'));
    const next = linkTo('next', headers);
    expect(next).toBeDefined();
    const seen = await get(next!, as('elsewhere'));
    expect(numbers(seen).filter((number) => number !== 2)).toEqual([]);
  });

  test('a user sees no other user’s unread messages', async () => {
    for (const query of ['user_id=ben', 'order=activity&user_id=ben']) {
      expect((await get(`${path}/chats?${query}`, as('anna'))).status).toBe(403);
      expect((await get(`${path}/chats?${query}`, bearer(mine.full))).status).toBe(200);
    }
    const [own] = (await get(`${path}/chats?user_id=anna`, as('annaIn1'))).body;
    expect(own).toMatchObject({ number: 1 });
    expect(own.unread_count).toBeGreaterThan(0);
  });
});

describe('a search of the application finds messages of a user’s chats alone', () => {
  const query = { search_query: 'secret' };
  const chatsOf = ({ body }: { body: unknown }) => (body as { chat_number: number }[]).map((hit) => hit.chat_number);

  test('by GET and by POST', async () => {
    const address = `${path}/search`;
    for (const [user, chats] of [
      ['elsewhere', [2, 2]],
      ['nowhere', []],
      ['anna', [1, 1, 2, 2, 3, 3]],
    ] as const) {
      const answers = [await get(`${address}?search_query=secret`, as(user)), await post(address, as(user), query)];
      for (const answer of answers) expect([user, chatsOf(answer).toSorted()]).toEqual([user, [...chats]]);
    }
  });

  test('by GET with a body', async () => {
    const ask = (address: string, authorization?: string) =>
      rawHttp(secured.url, {
        ...{ method: 'GET', path: `/api${address}`, body: JSON.stringify(query) },
        headers: { 'Content-Type': 'application/json', ...(authorization && { Authorization: authorization }) },
      });
    expect(chatsOf(await ask(`${path}/search`, as('elsewhere')))).toEqual([2, 2]);
    expect(chatsOf(await ask(`${path}/search`, as('nowhere')))).toEqual([]);
    for (const address of [`${path}/search`, `${path}/chats/1/search`]) {
      expect((await ask(address)).status).toBe(401);
      expect((await ask(address, bearer(foreign.full))).status).toBe(404);
    }
    expect((await ask(`${path}/chats/1/search`, as('elsewhere'))).status).toBe(404);
    expect((await ask(`${path}/chats/2/search`, as('elsewhere'))).body).toHaveLength(2);
  });

  test('also on the next page, by a cursor that another one was given', async () => {
    const first = await get(`${path}/search?search_query=secret&limit=1&order=newest`, as('anna'));
    const next = linkTo('next', first.headers);
    expect(next).toBeDefined();
    const seen = await get(next!, as('elsewhere'));
    expect(chatsOf(seen).filter((chat) => chat !== 2)).toEqual([]);
    const strange = next!.replace(path, foreignPath);
    const found = await get(strange, bearer(foreign.full));
    expect(JSON.stringify(found.body)).not.toContain('of Mine');
  });
});

describe('chats outside a user’s chats do not exist', () => {
  const CHATS = ['1', '3', '999', '4294967295', '4294967297', '9999999999', '0', '01', '1.0', '-1', '1e0', 'x'];

  test.each(CHATS)('chat %s', async (chat) => {
    for (const rest of ['', '/messages', '/reads', '/search?search_query=secret']) {
      const answer = await get(`${path}/chats/${chat}${rest}`, as('elsewhere'));
      const nothing = await get(`${path}/chats/998${rest}`, as('elsewhere'));
      expect([rest, told(answer)]).toEqual([rest, told(nothing)]);
      expect(answer.status).toBe(404);
    }
  });

  test('also if they were deleted', async () => {
    const { body } = await post(`${path}/chats`, bearer(mine.full), { chat_name: 'Deleted' });
    const address = `${path}/chats/${body.chat_number}`;
    expect((await send('DELETE', address, bearer(mine.full))).status).toBe(204);
    expect((await get(address, bearer(mine.full))).status).toBe(410);
    for (const who of [as('elsewhere'), bearer(foreign.full)]) {
      expect((await get(address, who)).status).toBe(404);
      expect((await send('DELETE', address, who)).status).not.toBe(204);
    }
    expect(told(await get(address, as('elsewhere')))).toEqual(told(await get(`${path}/chats/998`, as('elsewhere'))));
  });
});

describe('what a user creates', () => {
  test('has the user as sender, whether it says so or not, by every form', async () => {
    const messages = `${path}/chats/1/messages`;
    for (const address of [messages, `${path}/chats/1`]) {
      for (const given of [{}, { sender_id: 'anna' }]) {
        const { status, body } = await post(address, as('anna'), { message_content: 'mine', ...given });
        expect([status, body.sender_id]).toEqual([201, 'anna']);
        expect((await get(`${messages}/${body.message_number}`, as('anna'))).body.sender_id).toBe('anna');
      }
    }
    const batch = await post(`${messages}/batch`, as('anna'), { messages: [{ message_content: 'mine' }] });
    expect(batch.body).toMatchObject([{ sender_id: 'anna' }]);
  });

  test('has no other sender and no other time: that is refused before a number is drawn', async () => {
    const messages = `${path}/chats/1/messages`;
    const last = (await post(messages, as('anna'), { message_content: 'last' })).body.message_number;
    const other = { message_content: 'not mine', sender_id: 'ben' };
    const own = { message_content: 'mine' };
    for (const [address, json] of [
      [messages, other],
      [`${path}/chats/1`, other],
      [`${messages}/batch`, { messages: [own, other] }],
      [`${messages}/batch`, { messages: [{ ...own, created_at: '2020-01-01T00:00:00Z' }] }],
    ] as const) {
      expect((await post(address, as('anna'), json)).status).toBe(403);
    }
    expect((await post(messages, as('anna'), own)).body.message_number).toBe(last + 1);
    const history = { messages: [{ ...other, created_at: '2020-01-01T00:00:00Z' }] };
    expect((await post(`${messages}/batch`, bearer(mine.full), history)).status).toBe(201);
  });
});

describe('what is another user’s', () => {
  test('a message is not changed or deleted, whatever version the request names', async () => {
    const address = await messageOf('ben');
    const { headers, body } = await get(address, as('ben'));
    for (const version of [undefined, headers.get('etag')!, '"999"', '*']) {
      const condition = version === undefined ? {} : { 'if-match': version };
      for (const [method, json] of [
        ['PATCH', { message_content: 'changed' }],
        ['PATCH', { sender_id: 'anna' }],
        ['PUT', { message_content: 'changed' }],
        ['PUT', { message_content: 'changed', sender_id: 'ben' }],
        ['DELETE', undefined],
      ] as const) {
        const answer = await send(method, address, as('anna'), json, condition);
        expect([method, version, answer.status]).toEqual([method, version, 403]);
      }
    }
    expect((await get(address, as('ben'))).body).toEqual(body);
    expect((await send('PATCH', address, as('ben'), { message_content: 'own' })).status).toBe(200);
    expect((await send('DELETE', address, as('ben'), undefined, { 'if-match': '"999"' })).status).toBe(412);
    expect((await send('DELETE', address, as('ben'))).status).toBe(204);
  });

  test('a message without sender is nobody’s', async () => {
    const { body } = await post(`${path}/chats/1/messages`, bearer(mine.full), { message_content: 'of the server' });
    const address = `${path}/chats/1/messages/${body.message_number}`;
    await get(address, as('anna'));
    expect((await send('PATCH', address, as('anna'), { message_content: 'taken' })).status).toBe(403);
    expect((await send('PUT', address, as('anna'), { message_content: 'x', sender_id: 'anna' })).status).toBe(403);
    expect((await send('DELETE', address, as('anna'))).status).toBe(403);
    expect((await get(address, as('anna'))).body.content).toBe('of the server');
  });

  test('a read mark is not changed', async () => {
    const marks = () => get(`${path}/chats/2/reads`, bearer(mine.full));
    const before = (await marks()).body;
    const mark = (user: string) => send('PUT', `${path}/chats/2/reads/${user}`, as('ben'), { message_number: 2 });
    expect((await mark('anna')).status).toBe(403);
    expect((await mark('Ben')).status).toBe(403);
    expect((await marks()).body).toEqual(before);
    expect((await mark('ben')).status).toBe(200);
  });
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

function numbers({ body }: Answer): number[] {
  return (body as { number: number }[]).map(({ number }) => number);
}

function linkTo(relation: string, headers: Headers): string | undefined {
  const target = new RegExp(`<([^>]+)>; rel="${relation}"`).exec(headers.get('link') ?? '')?.[1];
  return target?.replace(/^\/api/, '');
}

/** The numbers of all pages, following `next`; 20 pages at most. */
async function pages(first: string, authorization: string): Promise<number[]> {
  const found: number[] = [];
  let next: string | undefined = first;
  for (let count = 0; next !== undefined && count < 20; count += 1) {
    const answer: Answer = await get(next, authorization);
    expect(answer.status).toBe(200);
    found.push(...numbers(answer));
    next = linkTo('next', answer.headers);
  }
  return found;
}
