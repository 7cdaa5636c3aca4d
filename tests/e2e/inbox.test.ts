import { beforeAll, describe, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Answer, Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';

let client: Client;
beforeAll(async () => {
  client = await e2e();
});

const numbers = ({ body }: Answer): number[] => body.map(({ number }: { number: number }) => number);
const inboxOf = (application: string, rest = '') => client.get(`${application}/chats?order=activity${rest}`);
const orderIs = (application: string, expected: readonly number[]) =>
  until(`the inbox is ${expected}`, async () => numbers(await inboxOf(application)).join() === expected.join(), 10_000);

/** Ends in a later millisecond: what happens in one millisecond has no order in the inbox. */
async function tick(): Promise<void> {
  const begun = Date.now();
  await until('the clock goes on', () => Date.now() > begun + 1);
}

async function chats(count: number): Promise<string> {
  const application = await client.application();
  for (let number = 1; number <= count; number += 1) await client.chat(`c${number}`, application);
  await client.get(`${application}/chats/${count}`);
  await tick();
  return application;
}

describe('the inbox', () => {
  test('has the chat with the latest message first, with that message', async () => {
    const application = await chats(3);
    const say = (chat: number, message: object) => client.post(`${application}/chats/${chat}`, message);
    await say(2, { message_content: 'first' });
    await orderIs(application, [2, 3, 1]);
    await say(1, { message_content: 'second', sender_id: 'anna', metadata: { a: 1 } });
    await orderIs(application, [1, 2, 3]);
    const [first, second, third] = (await inboxOf(application)).body;
    expect(first).toMatchObject({ number: 1, name: 'c1' });
    const created_at = (await client.get(`${application}/chats/1/messages/1`)).body.created_at;
    expect(first.last_message).toEqual({ number: 1, content: 'second', sender_id: 'anna', created_at });
    expect(Object.keys(second.last_message)).toEqual(['number', 'content', 'created_at']);
    expect(third).not.toHaveProperty('last_message');
    const plain = (await client.get(`${application}/chats`)).body;
    for (const chat of plain) expect(chat).not.toHaveProperty('last_message');
    expect((await client.get(`${application}/chats/1`)).body).not.toHaveProperty('last_message');
  });

  test('pages by a cursor, to each chat once', async () => {
    const application = await chats(7);
    for (const chat of [3, 6, 1, 7]) {
      await client.post(`${application}/chats/${chat}`, { message_content: 'x' });
      await tick();
    }
    await orderIs(application, [7, 1, 6, 3, 5, 4, 2]);
    const seen: number[] = [];
    let path: string | undefined = `${application}/chats?order=activity&limit=2&user_id=a%40b`;
    let pages = 0;
    while (path !== undefined) {
      const page: Answer = await client.get(path);
      seen.push(...numbers(page));
      for (const chat of page.body) expect(chat.unread_count).toBeNumber();
      path = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
      expect(page.headers.get('link') ?? '').not.toContain('prev');
      pages += 1;
    }
    expect([seen, pages]).toEqual([[7, 1, 6, 3, 5, 4, 2], 4]);
  });

  test('shows changed and deleted messages as they are now', async () => {
    const application = await chats(2);
    const chat = `${application}/chats/1`;
    await client.messages(chat, ['one', 'two']);
    await orderIs(application, [1, 2]);
    const last = async () => (await inboxOf(application)).body[0].last_message;
    await client.patch(`${chat}/messages/2`, { message_content: 'changed' });
    expect(await last()).toMatchObject({ number: 2, content: 'changed' });
    await client.delete(`${chat}/messages/2`);
    expect(await last()).toMatchObject({ number: 1, content: 'one' });
    await client.delete(`${chat}/messages/1`);
    expect(await last()).toBeUndefined();
    await client.delete(`${application}/chats/2`);
    expect(numbers(await inboxOf(application))).toEqual([1]);
  });

  test('goes by when a message was accepted, not by the time of one that was moved in', async () => {
    const application = await chats(2);
    await client.post(`${application}/chats/1`, { message_content: 'now' });
    await orderIs(application, [1, 2]);
    const messages = [{ message_content: 'old', created_at: '2001-01-01T00:00:00Z' }];
    await client.post(`${application}/chats/2/messages/batch`, { messages });
    await orderIs(application, [2, 1]);
    expect((await inboxOf(application)).body[0].last_message.created_at).toBe('2001-01-01T00:00:00.000Z');
  });

  test('of an empty application is empty, of an unknown one a 404; wrong parameters are a 422', async () => {
    const application = await client.application();
    expect((await inboxOf(application)).body).toEqual([]);
    expect((await inboxOf(`/api/applications/${crypto.randomUUID()}`)).status).toBe(404);
    for (const [query, path] of [
      ['order=activity&after=1', 'after'],
      ['order=activity&before=1', 'before'],
      ['order=activity&cursor=x', 'cursor'],
      ['cursor=MS4x', 'cursor'],
      ['order=latest', 'order'],
      ['user_id=a%20b', 'user_id'],
      ['order=activity&user_id=', 'user_id'],
    ]) {
      const { status, body } = await client.get(`${application}/chats?${query}`);
      expect([status, body.errors?.[0].path], query).toEqual([422, path]);
    }
  });
});

describe('read marks', () => {
  test('are recorded for each user, and never go back', async () => {
    const chat = await client.chat();
    await client.messages(chat, ['1', '2', '3', '4']);
    const mark = (user: string, message_number: number) => client.put(`${chat}/reads/${user}`, { message_number });
    const first = await mark('anna', 2);
    expect([first.status, first.body]).toEqual([
      200,
      { user_id: 'anna', message_number: 2, updated_at: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
    expect((await mark('anna', 4)).body.message_number).toBe(4);
    expect((await mark('anna', 1)).body.message_number).toBe(4);
    expect((await mark('b@c%3Ad%2Be%3D', 1)).body.user_id).toBe('b@c:d+e=');
    const { body } = await client.get(`${chat}/reads`);
    const told = body.map((each: { user_id: string; message_number: number }) => [each.user_id, each.message_number]);
    expect(told).toEqual([
      ['anna', 4],
      ['b@c:d+e=', 1],
    ]);
  });

  test('are listed in pages, by user', async () => {
    const chat = await client.chat();
    await client.messages(chat, ['1']);
    const users = ['a+b', 'a@b', 'zoe', 'Zoe', '=', '0'];
    for (const user of users) await client.put(`${chat}/reads/${encodeURIComponent(user)}`, { message_number: 1 });
    const seen: string[] = [];
    let path: string | undefined = `${chat}/reads?limit=2`;
    while (path !== undefined) {
      const page: Answer = await client.get(path);
      expect(page.body.length).toBeGreaterThan(0);
      seen.push(...page.body.map((each: { user_id: string }) => each.user_id));
      path = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(users.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))));
    expect((await client.get(`${chat}/reads?after=zoe`)).body).toEqual([]);
    expect((await client.get(`${chat}/reads?after=a%20b`)).body.errors[0].path).toBe('after');
  });

  test('may be set for a message that was just accepted, but not beyond the last one', async () => {
    const chat = await client.chat();
    expect((await client.get(`${chat}/reads`)).body).toEqual([]);
    for (let number = 1; number <= 10; number += 1) {
      await client.post(chat, { message_content: 'x' });
      expect((await client.put(`${chat}/reads/anna`, { message_number: number })).status).toBe(200);
    }
    const beyond = await client.put(`${chat}/reads/anna`, { message_number: 11 });
    expect([beyond.status, beyond.body.errors]).toEqual([
      422,
      [{ path: '/message_number', message: expect.any(String) }],
    ]);
    await client.delete(`${chat}/messages/10`);
    expect((await client.put(`${chat}/reads/bob`, { message_number: 10 })).status).toBe(200);
    for (const message_number of [0, -1, 1.5, '1', null, 10_000_000_000]) {
      expect((await client.put(`${chat}/reads/anna`, { message_number })).status).toBe(422);
    }
    for (const user of ['a%20b', 'x'.repeat(129), '~']) {
      const { status, body } = await client.put(`${chat}/reads/${user}`, { message_number: 1 });
      expect([status, body.errors?.[0].path], user).toEqual([422, 'user_id']);
    }
    const unknown = `${chat.slice(0, chat.lastIndexOf('/'))}/99`;
    expect((await client.put(`${unknown}/reads/anna`, { message_number: 1 })).status).toBe(404);
    expect((await client.get(`${unknown}/reads`)).status).toBe(404);
  });

  test('tell how many messages of others are unread, up to 100', async () => {
    const application = await chats(3);
    const [busy, quiet] = [`${application}/chats/1`, `${application}/chats/2`];
    const from = (sender_id: string, count: number) =>
      Array.from({ length: count }, () => ({ message_content: 'x', sender_id }));
    const messages = [...from('bob', 99), ...from('anna', 10)];
    await client.post(`${busy}/messages/batch`, { messages });
    await client.post(`${quiet}/messages/batch`, { messages: [...from('bob', 3), { message_content: 'nobody' }] });
    await client.get(`${busy}/messages/109`);
    await client.get(`${quiet}/messages/4`);
    const unread = async (user: string) =>
      (await client.get(`${application}/chats?user_id=${user}`)).body.map(
        (chat: { unread_count: number }) => chat.unread_count,
      );
    expect(await unread('anna')).toEqual([99, 4, 0]);
    expect(await unread('bob')).toEqual([10, 1, 0]);
    expect(await unread('carl')).toEqual([100, 4, 0]);
    await client.put(`${busy}/reads/anna`, { message_number: 90 });
    await client.put(`${quiet}/reads/anna`, { message_number: 4 });
    expect(await unread('anna')).toEqual([9, 0, 0]);
    await client.delete(`${busy}/messages/99`);
    expect(await unread('anna')).toEqual([8, 0, 0]);
    const one = await client.get(busy);
    expect(one.body).not.toHaveProperty('unread_count');
  });
});
