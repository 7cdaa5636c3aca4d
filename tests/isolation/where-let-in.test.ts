/** Where a credential is let in, it sees and changes only what is its own. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Answer } from '../support/client.ts';
import { rawHttp } from '../support/raw.ts';
import { Asking, bearer, told } from './asking.ts';
import { openScene, type Scene } from './scene.ts';
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
