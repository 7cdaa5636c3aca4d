/** Keys, user tokens and limits where no key is needed: a user token is obeyed where one is sent. */
import { beforeAll, describe, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Answer, Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';
import { secretKey, userToken } from '../support/keyed.ts';

let client: Client;
beforeAll(async () => {
  client = await e2e();
});

/** An application with chats, each with a message of anna and one of bob. They are stored, and can be searched for. */
async function chats(count: number): Promise<string> {
  const application = await client.application();
  for (let number = 1; number <= count; number += 1) {
    const chat = await client.chat(`c${number}`, application);
    const say = (sender_id: string) => ({ message_content: `hello of ${sender_id}`, sender_id });
    await client.post(`${chat}/messages/batch`, { messages: [say('anna'), say('bob')] });
  }
  await client.get(`${application}/chats/${count}/messages/2`);
  return application;
}

const numbers = ({ body }: Answer): number[] => body.map(({ number }: { number: number }) => number);
const say = (rest = {}) => ({ message_content: 'hello', ...rest });

describe('secret keys', () => {
  test('are made, listed and revoked, for an application that was created a moment ago', async () => {
    const application = await client.application();
    const body = { name: 'Web server', scopes: ['messages:read'], expires_at: '2090-01-01T00:00:00.000Z' };
    const created = await client.post(`${application}/keys`, body);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ type: 'key', ...body });
    expect(created.body.secret_key).toMatch(/^parley_sk_[0-9A-Za-z]{60}$/);
    const { type, secret_key, ...shown } = created.body;
    expect((await client.get(`${application}/keys`)).body).toEqual([shown]);
    const { id } = created.body;
    expect((await client.delete(`${application}/keys/${id}`)).status).toBe(204);
    expect((await client.delete(`${application}/keys/${id}`)).status).toBe(204);
    expect((await client.get(`${application}/keys`)).body).toEqual([]);
  });

  test('a time that has passed is a 422', async () => {
    const application = await client.application();
    for (const expires_at of ['2020-01-01T00:00:00Z', 'tomorrow']) {
      const { status, body } = await client.post(`${application}/keys`, { name: 'x', expires_at });
      expect([status, body.errors[0].path]).toEqual([422, '/expires_at']);
    }
  });

  test('another application’s key does not exist, nor does one below what is deleted', async () => {
    const [one, two] = [await client.application(), await client.application()];
    const { id } = await secretKey(client, one);
    const { status, body } = await client.delete(`${two}/keys/${id}`);
    expect([status, body.detail]).toEqual([404, 'There is no such key.']);
    for (const unknown of [crypto.randomUUID(), 'x', id.toUpperCase().slice(1), '%F0%9F%94%91']) {
      expect((await client.delete(`${one}/keys/${unknown}`)).status).toBe(404);
    }
    expect((await client.get(`${one}/keys`)).body).toHaveLength(1);
    await client.delete(one);
    expect((await client.get(`${one}/keys`)).status).toBe(404);
    expect((await client.post(`${one}/keys`, { name: 'x' })).status).toBe(404);
    expect((await client.post(`${one}/sessions`, { user_id: 'anna' })).status).toBe(404);
  });

  test('are ignored while no key is needed, whatever they say', async () => {
    const [one, two] = [await client.application(), await client.application()];
    const { client: key } = await secretKey(client, one, { scopes: ['messages:read'] });
    expect((await key.patch(two, { application_name: 'Other' })).status).toBe(200);
    for (const credential of ['x', `parley_sk_${'0'.repeat(60)}`, 'a.b.c']) {
      expect((await client.as(credential).get(two)).status).toBe(200);
    }
  });
});

describe('a user token', () => {
  test('creates messages of its user only, and now', async () => {
    const application = await chats(1);
    const anna = await userToken(client, application, 'anna', { chats: [1] });
    const chat = `${application}/chats/1`;
    for (const [path, body] of [
      [chat, say()],
      [`${chat}/messages`, say({ sender_id: 'anna' })],
    ] as const) {
      const { status, body: created } = await anna.post(path, body);
      expect([status, created.sender_id]).toEqual([201, 'anna']);
      const stored = await client.get(`${chat}/messages/${created.message_number}`);
      expect(stored.body.sender_id).toBe('anna');
    }
    const batch = await anna.post(`${chat}/messages/batch`, { messages: [say(), say({ sender_id: 'anna' })] });
    expect(batch.body.map(({ sender_id }: { sender_id: string }) => sender_id)).toEqual(['anna', 'anna']);
    for (const [path, body] of [
      [`${chat}/messages`, say({ sender_id: 'bob' })],
      [`${chat}/messages/batch`, { messages: [say(), say({ sender_id: 'bob' })] }],
      [`${chat}/messages/batch`, { messages: [say({ created_at: '2020-01-01T00:00:00Z' })] }],
    ] as const) {
      expect((await anna.post(path, body)).status).toBe(403);
    }
    // The next number tells that nothing that was refused drew one; a list may not have the latest yet.
    expect((await anna.post(`${chat}/messages`, say())).body.message_number).toBe(7);
  });

  test('changes and deletes its own messages only', async () => {
    const application = await chats(1);
    const anna = await userToken(client, application, 'anna', { chats: '*' });
    const [own, bobs] = [1, 2].map((number) => `${application}/chats/1/messages/${number}`) as [string, string];
    const { body } = await client.post(`${application}/chats/1`, say());
    const nobodys = `${application}/chats/1/messages/${body.message_number}`;
    for (const path of [bobs, nobodys]) {
      expect((await anna.patch(path, { message_content: 'mine' })).status).toBe(403);
      expect((await anna.put(path, { message_content: 'mine' })).status).toBe(403);
      expect((await anna.delete(path)).status).toBe(403);
      expect((await client.get(path)).body.content).not.toBe('mine');
    }
    expect((await anna.patch(own, { message_content: 'mine' })).body.content).toBe('mine');
    expect((await anna.delete(own)).status).toBe(204);
    expect((await client.get(own)).status).toBe(410);
  });

  test('reads for its user only', async () => {
    const application = await chats(1);
    const anna = await userToken(client, application, 'anna', { chats: [1] });
    const mark = (user: string) => anna.put(`${application}/chats/1/reads/${user}`, { message_number: 1 });
    expect((await mark('bob')).status).toBe(403);
    expect((await mark('anna')).status).toBe(200);
    const list = (user: string) => anna.get(`${application}/chats?user_id=${user}`);
    expect((await list('bob')).status).toBe(403);
    expect((await list('anna')).body).toMatchObject([{ number: 1, unread_count: 1 }]);
  });

  test('lists and finds in its own chats only, page by page', async () => {
    const application = await chats(4);
    const anna = await userToken(client, application, 'anna', { chats: [4, 2, 9] });
    const first = await anna.get(`${application}/chats?limit=1`);
    expect(numbers(first)).toEqual([2]);
    const [, next = ''] = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '') ?? [];
    const second = await anna.get(next);
    expect(numbers(second)).toEqual([4]);
    expect(second.headers.get('link')).not.toContain('rel="next"');
    expect(numbers(await anna.get(`${application}/chats?order=desc`))).toEqual([4, 2]);
    const inbox = async () => numbers(await anna.get(`${application}/chats?order=activity`)).sort();
    await until('both are in the inbox', async () => (await inbox()).length === 2, 10_000);
    expect(await inbox()).toEqual([2, 4]);
    const hits = async (who: Client) => {
      const { body } = await who.get(`${application}/search?search_query=hello&sender_id=anna`);
      return body.map(({ chat_number }: { chat_number: number }) => chat_number).sort();
    };
    await until('all can be found', async () => (await hits(client)).length === 4, 30_000);
    expect(await hits(anna)).toEqual([2, 4]);
  });

  test('has no other chats: they do not exist; without `chats` none exists', async () => {
    const application = await chats(2);
    const anna = await userToken(client, application, 'anna', { chats: [1] });
    const nowhere = await userToken(client, application, 'anna');
    const missing = await client.get(`${application}/chats/99`);
    for (const [user, number] of [
      [anna, 2],
      [anna, 99],
      [nowhere, 1],
    ] as const) {
      const chat = `${application}/chats/${number}`;
      for (const path of [chat, `${chat}/messages`, `${chat}/reads`, `${chat}/search?search_query=hello`]) {
        const { status, body } = await user.get(path);
        expect([status, body]).toEqual([404, missing.body]);
      }
      expect((await user.post(chat, say())).status).toBe(404);
    }
    expect((await nowhere.get(`${application}/chats`)).body).toEqual([]);
    expect((await nowhere.get(`${application}/search?search_query=hello`)).body).toEqual([]);
    expect((await anna.get(await client.application())).status).toBe(404);
  });

  test('has idempotency keys of its own', async () => {
    const application = await chats(1);
    const chat = `${application}/chats/1`;
    const makers = [client, await userToken(client, application, 'anna', { chats: '*' })];
    makers.push(await userToken(client, application, 'bob', { chats: '*' }));
    const create = async (maker: Client) => {
      const { status, body } = await maker.post(`${chat}/messages`, say(), { 'idempotency-key': 'same' });
      expect(status).toBe(201);
      return body.message_number;
    };
    const created: number[] = [];
    for (const maker of makers) created.push(await create(maker));
    expect(new Set(created).size).toBe(3);
    for (const [index, maker] of makers.entries()) expect(await create(maker)).toBe(created[index]);
  });

  test('does only what it says: not for servers, not after its end, not what is forged', async () => {
    const application = await chats(1);
    const reader = await userToken(client, application, 'anna', { chats: '*', can: ['messages:read'], ttl_s: 60 });
    expect((await reader.post(`${application}/chats/1`, say())).status).toBe(403);
    expect((await reader.get(`${application}/chats/1`)).status).toBe(200);
    for (const answer of [
      await reader.get(application),
      await reader.get(`${application}/keys`),
      await reader.post(`${application}/sessions`, { user_id: 'bob', chats: '*' }),
      await reader.post(`${application}/chats`, {}),
      await reader.delete(`${application}/chats/1`),
      await reader.get('/api/applications'),
    ]) {
      expect(answer.status).toBe(403);
    }
    const [head = '', claims = '', signature = ''] = (reader.credential ?? '').split('.');
    const said = JSON.parse(Buffer.from(claims, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...said, sub: 'bob' })).toString('base64url');
    const { status, headers } = await client.as(`${head}.${forged}.${signature}`).get(`${application}/chats/1`);
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer realm="parley", error="invalid_token"');
  });
});

describe('limits', () => {
  const limits = (application: string) => `${application}/limits`;

  test('are set one by one, and taken back', async () => {
    const application = await client.application();
    const given = { messages_per_second: 5, creates_in_flight: 7, live_connections: 8, retention_days: 9 };
    expect((await client.patch(limits(application), given)).body).toEqual(given);
    const changed = await client.patch(limits(application), { messages_per_second: null, live_connections: 1 });
    expect(changed.body).toEqual({ creates_in_flight: 7, live_connections: 1, retention_days: 9 });
    expect((await client.get(limits(application))).body).toEqual(changed.body);
    expect((await client.patch(limits(application), { messages_per_second: 0 })).status).toBe(422);
  });

  test('of messages a second are kept, and told; what is refused costs no number', async () => {
    const application = await client.application();
    const chat = await client.chat('Chat', application);
    const created: number[] = [];
    const refused: Answer[] = [];
    const create = async () => {
      const answer = await client.post(chat, say());
      if (answer.status === 201) created.push(answer.body.message_number);
      else refused.push(answer);
      return answer.headers;
    };
    await client.patch(limits(application), { messages_per_second: 1 });
    const isTold = async () => (await create()).get('ratelimit-policy') === '"messages";q=1000;w=1000';
    await until('the limit is known', isTold, 10_000);
    const batch = await client.post(`${chat}/messages/batch`, { messages: Array(940).fill(say()) });
    expect(batch.status).toBe(201); // bursts of 1,000 pass
    for (const { message_number } of batch.body) created.push(message_number);
    const isRefused = async () => {
      await Promise.all(Array.from({ length: 100 }, create));
      return refused.length > 0;
    };
    await until('the burst is over', isRefused, 10_000);
    for (const { status, headers } of refused) {
      expect(status).toBe(429);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(headers.get('ratelimit')).toMatch(/^"messages";r=[0-9]+;t=[0-9]+/);
    }
    expect(Math.max(...created)).toBe(created.length);
    const other = await client.post(await client.chat('Chat'), say());
    expect([other.status, other.headers.get('ratelimit-policy')]).toEqual([201, null]);
    await client.patch(limits(application), { messages_per_second: null });
    await until('the limit is over', async () => (await client.post(chat, say())).status === 201, 10_000);
  });

  test('of requests a second are kept', async () => {
    const application = await client.application();
    await client.get(application);
    await client.patch(limits(application), { requests_per_second: 1 });
    const isRefused = async () => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => client.get(application)));
      const refused = answers.find(({ status }) => status === 429);
      if (refused !== undefined) expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      return refused !== undefined;
    };
    await until('some are refused', isRefused, 10_000);
  });
});

describe('the operator', () => {
  test('sees the programs, the applications with their limits, and the dead letters', async () => {
    const names = async () => {
      const { body } = await client.get('/api/admin/programs');
      return body.map(({ name }: { name: string }) => name) as string[];
    };
    const all = (seen: readonly string[]) =>
      seen.includes('standalone') || ['api', 'ingest', 'worker'].every((name) => seen.includes(name));
    await until('each has told its figures', async () => all(await names()), 10_000);
    const application = await client.application('Limited');
    await client.patch(`${application}/limits`, { messages_per_second: 5_000 });
    const token = application.split('/').at(-1) ?? '';
    const justBelow = token.slice(0, -8) + (Number.parseInt(token.slice(-8), 16) - 1).toString(16).padStart(8, '0');
    const { body } = await client.get(`/api/admin/applications?limit=1&after=${justBelow}`);
    expect(body).toMatchObject([{ token, name: 'Limited', limits: { messages_per_second: 5_000 } }]);
    const letters = await client.get('/api/admin/dead-letters?limit=1');
    expect(letters.status).toBe(200);
    const replayed = await client.post('/api/admin/dead-letters/replay', { limit: 1 });
    expect(replayed.status).toBe(200);
    expect(replayed.body.replayed).toBeLessThanOrEqual(1);
  });
});
