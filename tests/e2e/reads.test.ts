import { beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { counted, e2e } from '../support/e2e.ts';

let client: Client;
beforeAll(async () => {
  client = await e2e();
});

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const numbers = (body: { number: number }[]) => body.map(({ number }) => number);

/** Follows the Link header's `next` or `prev` link from a page to the end. Returns the bodies of all pages. */
async function follow(first: string, rel: 'next' | 'prev') {
  const pages = [];
  let path: string | undefined = first;
  while (path !== undefined) {
    const answer = await client.get(path);
    expect(answer.status).toBe(200);
    pages.push(answer.body);
    path = new RegExp(`<([^>]+)>; rel="${rel}"`).exec(answer.headers.get('link') ?? '')?.[1];
  }
  return pages;
}

describe('reading', () => {
  test('an application, a chat and a message have their fields and times', async () => {
    const before = Date.now();
    const chat = await client.chat('Named');
    await client.messages(chat, ['One', 'Two']);
    const application = chat.slice(0, chat.indexOf('/chats'));
    await counted(client, application, 1);
    await counted(client, chat, 2);
    const times = { created_at: expect.stringMatching(ISO), updated_at: expect.stringMatching(ISO) };
    expect((await client.get(application)).body).toEqual({
      token: application.split('/').at(-1),
      name: 'Test',
      chats_count: 1,
      ...times,
    });
    expect((await client.get(chat)).body).toEqual({ number: 1, name: 'Named', messages_count: 2, ...times });
    const message = (await client.get(`${chat}/messages/2`)).body;
    expect(message).toEqual({ number: 2, content: 'Two', ...times });
    expect(Math.abs(Date.parse(message.created_at) - before)).toBeLessThan(60_000);
  });

  test('lists are bare arrays, ascending, 50 by default', async () => {
    const chat = await client.chat();
    expect((await client.get(`${chat}/messages`)).body).toEqual([]);
    await client.messages(
      chat,
      Array.from({ length: 60 }, (_, index) => `m${index + 1}`),
    );
    await client.get(`${chat}/messages/60`);
    const { body, headers } = await client.get(`${chat}/messages`);
    expect(numbers(body)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(headers.get('link')).toBe(`<${chat}/messages?limit=50&after=50>; rel="next"`);
  });

  test('pages of messages can be followed forward and back, each message once', async () => {
    const chat = await client.chat();
    await client.messages(
      chat,
      Array.from({ length: 25 }, (_, index) => `m${index + 1}`),
    );
    await client.get(`${chat}/messages/25`);
    const all = Array.from({ length: 25 }, (_, index) => index + 1);
    const forward = await follow(`${chat}/messages?limit=10`, 'next');
    expect(forward.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(forward.flatMap(numbers)).toEqual(all);
    const backward = await follow(`${chat}/messages?limit=10&before=26`, 'prev');
    expect(backward.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(backward.reverse().flatMap(numbers)).toEqual(all);
    expect((await client.get(`${chat}/messages?after=25`)).body).toEqual([]);
    expect((await client.get(`${chat}/messages?before=1`)).body).toEqual([]);
    expect(numbers((await client.get(`${chat}/messages?before=9999999999&limit=2`)).body)).toEqual([24, 25]);
  });

  test('chats are paged by number', async () => {
    const application = await client.application();
    for (let number = 1; number <= 5; number += 1) await client.chat(`c${number}`, application);
    await client.get(`${application}/chats/5`);
    expect((await follow(`${application}/chats?limit=2`, 'next')).map(numbers)).toEqual([[1, 2], [3, 4], [5]]);
  });

  test('applications are paged by token', async () => {
    const mine = new Set<string>();
    for (let count = 0; count < 5; count += 1) mine.add((await client.application()).split('/').at(-1)!);
    for (const token of mine) await client.get(`/api/applications/${token}`);
    const pages = await follow('/api/applications?limit=200', 'next');
    const tokens: string[] = pages.flat().map(({ token }: { token: string }) => token);
    expect(tokens).toEqual([...tokens].sort());
    for (const token of mine) expect(tokens.filter((other) => other === token)).toHaveLength(1);
    const [first] = await follow(`/api/applications?limit=3&after=${tokens[0]}`, 'next');
    expect(first.map(({ token }: { token: string }) => token)).toEqual(tokens.slice(1, 4));
  });

  test('HEAD answers like GET, without a body', async () => {
    const chat = await client.chat();
    const { status, body } = await client.call('HEAD', chat);
    expect(status).toBe(200);
    expect(body).toBe('');
  });
});

describe('updating', () => {
  for (const method of ['PATCH', 'PUT']) {
    test(`${method} changes an application, a chat and a message, and only their text`, async () => {
      const chat = await client.chat('Old');
      await client.messages(chat, ['old']);
      const application = chat.slice(0, chat.indexOf('/chats'));
      await counted(client, application, 1);
      await counted(client, chat, 1);
      const cases = [
        [application, { application_name: 'New 😀' }, 'name'],
        [chat, { chat_name: 'New 😀' }, 'name'],
        [`${chat}/messages/1`, { message_content: 'New 😀' }, 'content'],
      ] as const;
      for (const [path, json, field] of cases) {
        const before = (await client.get(path)).body;
        const { status, body } = await client.call(method, path, { json });
        expect(status).toBe(200);
        expect(body).toEqual({ ...before, [field]: 'New 😀', updated_at: expect.stringMatching(ISO) });
        expect(body.updated_at >= before.updated_at).toBe(true);
        expect((await client.get(path)).body).toEqual(body);
      }
    });
  }

  test('an object that was just accepted can be changed at once', async () => {
    const chat = await client.chat();
    const { body } = await client.post(chat, { message_content: 'wrnog' });
    const changed = await client.patch(`${chat}/messages/${body.message_number}`, { message_content: 'wrong' });
    expect(changed.status).toBe(200);
  });
});
