/** Without keys everybody may do everything; a user token is obeyed all the same. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newSecretKey, type Token } from '@parley/domain';
import { Asking, bearer } from './asking.ts';
import { eddsa, jwt, readJwt, unsigned } from './forge.ts';
import { openStandalone, type Secured } from './system.ts';

let opened: Secured;
let asking: Asking;
let token: string;
let path: string;
beforeAll(async () => {
  opened = await openStandalone({});
  asking = new Asking(opened);
  const { body } = await asking.call('POST', '/applications', { json: { application_name: 'Open' } });
  token = body.application_token;
  path = `/applications/${token}`;
  for (const chat_name of ['one', 'two']) await asking.call('POST', `${path}/chats`, { json: { chat_name } });
  await asking.call('POST', `${path}/chats/1/messages`, { json: { message_content: 'of ben', sender_id: 'ben' } });
});
afterAll(() => opened.stop());

async function session(given: object): Promise<string> {
  const { status, body } = await asking.call('POST', `${path}/sessions`, { json: given });
  expect(status).toBe(201);
  return body.access_token;
}

test('what is no user token is ignored, good or bad', async () => {
  const foreign = { header: { alg: 'HS256', typ: 'JWT' }, claims: { iss: 'somebody', sub: 'anna' } };
  const credentials = [
    bearer('x'),
    'Basic YTpi',
    'Bearer',
    bearer(newSecretKey()),
    bearer(newSecretKey(crypto.randomUUID() as Token)),
    bearer(newSecretKey(token as Token).slice(0, -1)),
    bearer(jwt(foreign, unsigned)),
    bearer(jwt(foreign, eddsa())),
  ];
  for (const as of credentials) {
    expect((await asking.call('GET', `${path}/chats`, { as })).body).toHaveLength(2);
    expect((await asking.call('GET', '/applications', { as })).status).toBe(200);
    const json = { message_content: 'open' };
    expect((await asking.call('POST', `${path}/chats/1/messages`, { as, json })).status).toBe(201);
  }
});

test('a user token is obeyed: its chats, its rights, its sender', async () => {
  const as = bearer(await session({ user_id: 'anna', chats: [1] }));
  const list = await asking.call('GET', `${path}/chats`, { as });
  expect(list.body).toMatchObject([{ number: 1 }]);
  expect((await asking.call('GET', `${path}/chats/2`, { as })).status).toBe(404);
  expect((await asking.call('GET', path, { as })).status).toBe(403);
  expect((await asking.call('GET', '/applications', { as })).status).toBe(403);
  expect(
    (await asking.call('PATCH', `${path}/chats/1/messages/1`, { as, json: { message_content: 'x' } })).status,
  ).toBe(403);
  const created = await asking.call('POST', `${path}/chats/1/messages`, { as, json: { message_content: 'hers' } });
  expect([created.status, created.body.sender_id]).toEqual([201, 'anna']);
  expect((await asking.call('POST', `${path}/sessions`, { as, json: { user_id: 'ben' } })).status).toBe(403);
});

test('a bad user token of ours is refused: it does not count as no credential', async () => {
  const good = await session({ user_id: 'anna', chats: '*' });
  const { header, claims } = readJwt(good);
  const ended = { ...claims, exp: Math.floor(Date.now() / 1_000) - 3_600 };
  const forged = [
    jwt({ header, claims }, eddsa()),
    jwt({ header: { ...header, alg: 'none' }, claims }, unsigned),
    jwt({ header, claims: ended }, eddsa(JSON.parse((await opened.signingKey()).privateKey))),
    `${good.slice(0, -4)}AAAA`,
  ];
  for (const each of forged) {
    const { status, headers } = await asking.call('GET', `${path}/chats`, { as: bearer(each) });
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer realm="parley", error="invalid_token"');
  }
  expect((await asking.call('GET', `${path}/chats`, { as: bearer(good) })).status).toBe(200);
});

test('a user token of another application opens nothing here', async () => {
  const other = await asking.call('POST', '/applications', { json: { application_name: 'Other' } });
  const json = { user_id: 'anna', chats: '*' };
  const { body } = await asking.call('POST', `/applications/${other.body.application_token}/sessions`, { json });
  expect((await asking.call('GET', `${path}/chats`, { as: bearer(body.access_token) })).status).toBe(404);
});
