import { beforeAll, describe, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Answer, Client } from '../support/client.ts';
import { counted, e2e } from '../support/e2e.ts';

/** What was deleted must be gone for every interface from the 204 on, whatever is asked, and in whatever order. */
let client: Client;
beforeAll(async () => {
  client = await e2e();
});

const numbers = ({ body }: Answer): number[] => body.map(({ number }: { number: number }) => number);
const ownerOf = (chat: string) => chat.slice(0, chat.indexOf('/chats'));

async function deleted(path: string): Promise<void> {
  const { status, body } = await client.delete(path);
  expect([status, body], `DELETE ${path}`).toEqual([204, '']);
}

async function expectGone(path: string, field: string): Promise<void> {
  for (const [method, json] of [
    ['GET', undefined],
    ['PATCH', { [field]: 'x' }],
    ['PATCH', { metadata: null }],
    ['PUT', { [field]: 'x' }],
  ] as const) {
    const { status, body } = await client.call(method, path, json && { json });
    expect(status, `${method} ${path} ${JSON.stringify(body)}`).toBe(410);
  }
  expect((await client.call('HEAD', path)).status).toBe(410);
}

/** Everything that can be asked of a chat or below it. */
async function expectNothingIn(chat: string): Promise<void> {
  for (const [method, path, json] of [
    ['GET', `${chat}/messages`],
    ['GET', `${chat}/messages?order=desc`],
    ['GET', `${chat}/messages/1`],
    ['PATCH', `${chat}/messages/1`, { message_content: 'x' }],
    ['PUT', `${chat}/messages/1`, { message_content: 'x' }],
    ['DELETE', `${chat}/messages/1`],
    ['POST', `${chat}/messages`, { message_content: 'x' }],
    ['POST', chat, { message_content: 'x' }],
    ['POST', `${chat}/messages/batch`, { messages: [{ message_content: 'x' }] }],
    ['GET', `${chat}/search?search_query=x`],
    ['POST', `${chat}/search`, { search_query: 'x' }],
    ['GET', `${chat}/reads`],
    ['PUT', `${chat}/reads/anna`, { message_number: 1 }],
  ] as const) {
    const { status } = await client.call(method, path, json && { json });
    expect(status, `${method} ${path}`).toBe(404);
  }
}

describe('a deleted message', () => {
  test('is 410 and in no list; others keep their numbers, and its number is never given again', async () => {
    const chat = await client.chat();
    await client.messages(chat, ['one', 'two', 'three']);
    await client.get(`${chat}/messages/3`);
    await counted(client, chat, 3);
    for (const number of [3, 1]) {
      await deleted(`${chat}/messages/${number}`);
      await expectGone(`${chat}/messages/${number}`, 'message_content');
    }
    expect(numbers(await client.get(`${chat}/messages`))).toEqual([2]);
    expect(numbers(await client.get(`${chat}/messages?order=desc`))).toEqual([2]);
    await counted(client, chat, 1);
    expect((await client.post(chat, { message_content: 'four' })).body.message_number).toBe(4);
    await deleted(`${chat}/messages/3`);
    await deleted(`${chat}/messages/4`);
    await counted(client, chat, 1);
    expect((await client.get(`${chat}/messages/2`)).body.content).toBe('two');
  });

  test('may just have been accepted; one that never was is a 404', async () => {
    const chat = await client.chat();
    for (let number = 1; number <= 10; number += 1) {
      await client.post(chat, { message_content: 'at once' });
      await deleted(`${chat}/messages/${number}`);
    }
    expect((await client.delete(`${chat}/messages/11`)).status).toBe(404);
    expect((await client.get(`${chat}/messages`)).body).toEqual([]);
    await counted(client, chat, 0);
  });

  test('is found by no search any more', async () => {
    const chat = await client.chat();
    await client.messages(chat, ['a wombat', 'two wombats', 'no such animal']);
    const found = async () => numbers(await client.get(`${chat}/search?search_query=wombat`));
    await until('both are found', async () => (await found()).length === 2, 15_000);
    await deleted(`${chat}/messages/2`);
    expect(await found()).toEqual([1]);
    await deleted(`${chat}/messages/1`);
    expect(await found()).toEqual([]);
  });

  test('is left out of pages, which can be followed to the end', async () => {
    const chat = await client.chat();
    await client.messages(
      chat,
      Array.from({ length: 30 }, (_, index) => `m${index + 1}`),
    );
    await client.get(`${chat}/messages/30`);
    const kept = [7, 8, 20, 29];
    await Promise.all(
      Array.from({ length: 30 }, (_, index) => index + 1)
        .filter((number) => !kept.includes(number))
        .map((number) => deleted(`${chat}/messages/${number}`)),
    );
    for (const order of ['asc', 'desc']) {
      const seen: number[] = [];
      let path: string | undefined = `${chat}/messages?limit=2&order=${order}`;
      while (path !== undefined) {
        const page: Answer = await client.get(path);
        expect(page.status).toBe(200);
        seen.push(...numbers(page));
        path = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
      }
      expect(seen).toEqual(order === 'asc' ? kept : kept.toReversed());
    }
  });

  test('was deleted once, by whichever of many clients', async () => {
    const chat = await client.chat();
    await client.messages(chat, ['one', 'two']);
    await client.get(`${chat}/messages/2`);
    await Promise.all(Array.from({ length: 20 }, () => deleted(`${chat}/messages/1`)));
    await counted(client, chat, 1);
    expect(numbers(await client.get(`${chat}/messages`))).toEqual([2]);
  });
});

describe('a deleted chat', () => {
  test('is 410, what was in it is 404, and its application counts one less', async () => {
    const chat = await client.chat('Doomed');
    const application = ownerOf(chat);
    const other = await client.chat('Other', application);
    await client.messages(chat, ['a quokka', 'x']);
    await client.messages(other, ['another quokka']);
    await client.get(`${other}/messages/1`);
    await counted(client, application, 2);
    await deleted(chat);
    await expectGone(chat, 'chat_name');
    await expectNothingIn(chat);
    await deleted(chat);
    expect(numbers(await client.get(`${application}/chats`))).toEqual([2]);
    await counted(client, application, 1);
    expect((await client.post(`${application}/chats`, {})).body.chat_number).toBe(3);
    expect((await client.get(`${other}/messages/1`)).body.content).toBe('another quokka');
  });

  test('may just have been accepted, with messages that are not stored yet', async () => {
    const application = await client.application();
    for (let number = 1; number <= 5; number += 1) {
      const chat = await client.chat('At once', application);
      await client.messages(chat, ['a', 'b', 'c']);
      await deleted(chat);
      await expectNothingIn(chat);
    }
    expect((await client.get(`${application}/chats`)).body).toEqual([]);
    expect((await client.delete(`${application}/chats/6`)).status).toBe(404);
    await counted(client, application, 0);
  });

  test('takes no message while it is deleted that is seen afterwards', async () => {
    const chat = await client.chat();
    await client.messages(chat, ['one']);
    const creates = Array.from({ length: 50 }, async (_, index) => {
      if (index % 5 === 0) await Bun.sleep(index / 5);
      return (await client.post(chat, { message_content: `m${index}` })).status;
    });
    await Bun.sleep(2);
    await deleted(chat);
    for (const status of await Promise.all(creates)) expect([201, 404]).toContain(status);
    await expectNothingIn(chat);
    await expectGone(chat, 'chat_name');
  });
});

describe('a deleted application', () => {
  test('is 410, all of it is 404, and no list has it', async () => {
    const chat = await client.chat();
    const application = ownerOf(chat);
    await client.messages(chat, ['x']);
    await client.get(`${chat}/messages/1`);
    await deleted(application);
    await expectGone(application, 'application_name');
    await expectNothingIn(chat);
    for (const [method, path, json] of [
      ['GET', `${application}/chats`],
      ['GET', `${application}/chats?order=activity`],
      ['POST', `${application}/chats`, {}],
      ['GET', chat],
      ['PATCH', chat, { chat_name: 'x' }],
      ['PUT', chat, { chat_name: 'x' }],
      ['DELETE', chat],
      ['GET', `${application}/limits`],
      ['PATCH', `${application}/limits`, { retention_days: 1 }],
      ['GET', `${application}/search?search_query=x`],
      ['POST', `${application}/search`, { search_query: 'x' }],
    ] as const) {
      expect((await client.call(method, path, json && { json })).status, `${method} ${path}`).toBe(404);
    }
    await deleted(application);
    const token = application.split('/').at(-1) ?? '';
    const listed = await client.get(`/api/applications?limit=1&after=${token.slice(0, -1)}0`);
    expect(listed.body.map((each: { token: string }) => each.token)).not.toContain(token);
  });

  test('may just have been accepted; one that never was is a 404', async () => {
    const application = await client.application();
    await deleted(application);
    await expectGone(application, 'application_name');
    expect((await client.delete(`/api/applications/${crypto.randomUUID()}`)).status).toBe(404);
  });

  test('leaves others as they are', async () => {
    const [chat, other] = [await client.chat(), await client.chat()];
    await client.messages(other, ['kept']);
    await deleted(ownerOf(chat));
    expect((await client.get(`${other}/messages/1`)).body.content).toBe('kept');
    expect((await client.post(other, { message_content: 'next' })).body.message_number).toBe(2);
  });
});

describe('an Idempotency-Key', () => {
  test('used below something that was deleted since is a 404, not the old answer', async () => {
    const chat = await client.chat();
    const application = ownerOf(chat);
    const keyed = () => ({ 'idempotency-key': crypto.randomUUID() });
    const creates = [
      { path: chat, json: { message_content: 'x' }, headers: keyed() },
      { path: `${chat}/messages/batch`, json: { messages: [{ message_content: 'x' }] }, headers: keyed() },
      { path: `${application}/chats`, json: { chat_name: 'keyed' }, headers: keyed() },
    ];
    const all = () =>
      Promise.all(creates.map(async (each) => (await client.post(each.path, each.json, each.headers)).status));
    expect(await all()).toEqual([201, 201, 201]);
    await deleted(chat);
    expect(await all()).toEqual([404, 404, 201]);
    await deleted(application);
    expect(await all()).toEqual([404, 404, 404]);
  });

  test('of a message that was deleted gives its old answer, and stores nothing', async () => {
    const chat = await client.chat();
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const first = await client.post(chat, { message_content: 'x' }, headers);
    await deleted(`${chat}/messages/1`);
    expect((await client.post(chat, { message_content: 'x' }, headers)).body).toEqual(first.body);
    expect((await client.get(`${chat}/messages/1`)).status).toBe(410);
    expect((await client.post(chat, { message_content: 'y' })).body.message_number).toBe(2);
  });
});
