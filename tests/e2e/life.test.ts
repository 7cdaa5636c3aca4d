import { beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';

/** What objects have besides their text: a sender, metadata, and in a batch the time of an older message. */
let client: Client;
beforeAll(async () => {
  client = await e2e();
});

const METADATA = {
  text: 'quotes " \\ \n 😀 \ud800',
  numbers: [0, -1, 1.5, 1e21 / 1e6, Number.MAX_SAFE_INTEGER],
  nested: { empty: {}, list: [null, true, [[]]] },
  '': 'an empty name',
};
/** Compact, this is exactly as long as it may be. */
const LARGEST = { x: 'é'.repeat((4_096 - '{"x":""}'.length) / 2) };
const NULL_NAME = JSON.parse('{"__proto__":{"a":1},"constructor":2}') as object;

describe('metadata', () => {
  test('of an application, a chat and a message comes back equal from creates, reads and lists', async () => {
    for (const metadata of [METADATA, LARGEST, {}, NULL_NAME]) {
      const application = await client.post('/api/applications', { application_name: 'M', metadata });
      expect(application.status).toBe(201);
      expect(application.body.metadata).toEqual(metadata);
      const path = `/api/applications/${application.body.application_token}`;
      expect((await client.get(path)).body.metadata).toEqual(metadata);
      const chat = await client.post(`${path}/chats`, { metadata });
      expect(chat.body).toMatchObject({ chat_number: 1, chat_name: '', metadata });
      expect((await client.get(`${path}/chats/1`)).body.metadata).toEqual(metadata);
      expect((await client.get(`${path}/chats`)).body[0].metadata).toEqual(metadata);
      for (const where of [`${path}/chats/1`, `${path}/chats/1/messages`]) {
        const message = await client.post(where, { message_content: 'x', metadata });
        expect(message.body.metadata).toEqual(metadata);
        expect((await client.get(`${path}/chats/1/messages/${message.body.message_number}`)).body.metadata).toEqual(
          metadata,
        );
      }
      expect((await client.get(`${path}/chats/1/messages`)).body[1].metadata).toEqual(metadata);
    }
  });

  test('that cannot come back equal, or is too long, is a 422 that names it, and nothing is stored', async () => {
    const chat = await client.chat();
    const application = chat.slice(0, chat.indexOf('/chats'));
    await client.messages(chat, ['one']);
    const wrong = ['[]', '"x"', '1', 'true', '{"n":9007199254740993}', '{"a":[{"n":-1e30}]}', '{"n":1e400}'];
    wrong.push(JSON.stringify({ x: 'x'.repeat(4_089) }), `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`);
    for (const text of wrong) {
      for (const [method, path, body, field] of [
        ['POST', '/api/applications', `{"application_name":"x","metadata":${text}}`, '/metadata'],
        ['POST', `${application}/chats`, `{"metadata":${text}}`, '/metadata'],
        ['POST', chat, `{"message_content":"x","metadata":${text}}`, '/metadata'],
        [
          ...['POST', `${chat}/messages/batch`],
          ...[`{"messages":[{"message_content":"x"},{"message_content":"x","metadata":${text}}]}`],
          '/messages/1/metadata',
        ],
        ['PATCH', application, `{"metadata":${text}}`, '/metadata'],
        ['PATCH', chat, `{"metadata":${text}}`, '/metadata'],
        ['PATCH', `${chat}/messages/1`, `{"metadata":${text}}`, '/metadata'],
        ['PUT', application, `{"application_name":"x","metadata":${text}}`, '/metadata'],
        ['PUT', chat, `{"chat_name":"x","metadata":${text}}`, '/metadata'],
        ['PUT', `${chat}/messages/1`, `{"message_content":"x","metadata":${text}}`, '/metadata'],
      ] as [string, string, string, string][]) {
        const { status, body: problem } = await client.call(method, path, { raw: body });
        expect(status, `${method} ${path} ${text.slice(0, 30)}`).toBe(422);
        expect(problem.errors[0].path).toBe(field);
      }
    }
    for (const path of ['/api/applications', `${application}/chats`, chat]) {
      expect((await client.post(path, { message_content: 'x', metadata: null })).status).toBe(422);
    }
    expect((await client.post(chat, { message_content: 'two' })).body.message_number).toBe(2);
    for (const path of [application, chat, `${chat}/messages/1`]) {
      expect((await client.get(path)).body).not.toHaveProperty('metadata');
    }
  });

  test('is changed as a whole, removed by null, kept by a PATCH without it, and removed by a PUT without it', async () => {
    const chat = await client.chat('Name');
    const application = chat.slice(0, chat.indexOf('/chats'));
    await client.messages(chat, ['text']);
    for (const [path, field, name, text] of [
      [application, 'name', 'application_name', 'Test'],
      [chat, 'name', 'chat_name', 'Name'],
      [`${chat}/messages/1`, 'content', 'message_content', 'text'],
    ] as const) {
      const set = await client.patch(path, { metadata: { a: 1, b: 2 } });
      expect(set.body).toMatchObject({ [field]: text, metadata: { a: 1, b: 2 } });
      expect((await client.patch(path, { metadata: { c: 3 } })).body.metadata).toEqual({ c: 3 });
      const renamed = await client.patch(path, { [name]: 'new' });
      expect(renamed.body).toMatchObject({ [field]: 'new', metadata: { c: 3 } });
      const removed = await client.patch(path, { metadata: null });
      expect(removed.body).toMatchObject({ [field]: 'new' });
      expect(removed.body).not.toHaveProperty('metadata');
      expect((await client.put(path, { [name]: 'put', metadata: METADATA })).body.metadata).toEqual(METADATA);
      const replaced = await client.put(path, { [name]: 'put again' });
      expect(replaced.body[field]).toBe('put again');
      expect(replaced.body).not.toHaveProperty('metadata');
      // What was just created may come into the counts between two answers.
      const { chats_count: _, messages_count: __, ...unchanged } = replaced.body;
      expect((await client.get(path)).body).toMatchObject(unchanged);
      expect((await client.get(path)).body).not.toHaveProperty('metadata');
      expect((await client.put(path, { metadata: {} })).body.errors).toEqual([
        { path: `/${name}`, message: 'is required' },
      ]);
      expect((await client.put(path, { [name]: 'x', metadata: null })).body.errors[0].path).toBe('/metadata');
    }
  });
});

describe('a sender', () => {
  test('is in the create’s answer and in every read, and a message without one has no such field', async () => {
    const chat = await client.chat();
    const ids = ['anna', 'a@b.example', 'x:y+z=_-', '0', '...', 'A'.repeat(128)];
    for (const [index, sender_id] of ids.entries()) {
      const { status, body } = await client.post(chat, { message_content: 'x', sender_id });
      expect(status, sender_id).toBe(201);
      expect(body).toEqual({
        ...{ type: 'message', application_token: chat.split('/')[3], chat_number: 1 },
        ...{ message_number: index + 1, message_content: 'x', sender_id },
      });
      expect((await client.get(`${chat}/messages/${index + 1}`)).body.sender_id).toBe(sender_id);
    }
    await client.post(chat, { message_content: 'nobody' });
    const nobody = await client.get(`${chat}/messages/${ids.length + 1}`);
    expect(Object.keys(nobody.body)).toEqual(['number', 'content', 'created_at', 'updated_at']);
    const senders = (await client.get(`${chat}/messages`)).body.map((each: { sender_id?: string }) => each.sender_id);
    expect(senders).toEqual([...ids, undefined]);
  });

  test('that is no id is a 422', async () => {
    const chat = await client.chat();
    for (const sender_id of ['', '.', '..', 'a b', 'ü', 'a/b', 'A'.repeat(129), null, 1, {}]) {
      const single = await client.post(chat, { message_content: 'x', sender_id });
      expect([single.status, single.body.errors?.[0].path], String(sender_id)).toEqual([422, '/sender_id']);
      const batch = await client.post(`${chat}/messages/batch`, { messages: [{ message_content: 'x', sender_id }] });
      expect(batch.body.errors[0].path).toBe('/messages/0/sender_id');
    }
  });

  test('never changes: the same may be sent with a change, another one is a 422 that changes nothing', async () => {
    const chat = await client.chat();
    await client.post(chat, { message_content: 'x', sender_id: 'anna' });
    await client.post(chat, { message_content: 'x' });
    const [sent, unsent] = [`${chat}/messages/1`, `${chat}/messages/2`];
    for (const method of ['PATCH', 'PUT']) {
      const same = await client.call(method, sent, { json: { message_content: `by ${method}`, sender_id: 'anna' } });
      expect(same.body).toMatchObject({ content: `by ${method}`, sender_id: 'anna' });
      const silent = await client.call(method, sent, { json: { message_content: `${method} again` } });
      expect(silent.body).toMatchObject({ content: `${method} again`, sender_id: 'anna' });
      for (const path of [sent, unsent]) {
        const before = (await client.get(path)).body;
        const other = await client.call(method, path, { json: { message_content: 'forged', sender_id: 'bob' } });
        expect([other.status, other.body.errors?.[0].path]).toEqual([422, '/sender_id']);
        expect((await client.get(path)).body).toEqual(before);
      }
    }
  });
});

describe('a batch', () => {
  test('may have other fields with each message, and all of them come back', async () => {
    const chat = await client.chat();
    const messages = [
      { message_content: 'plain' },
      { message_content: 'sent', sender_id: 'anna' },
      { message_content: 'described', metadata: METADATA },
      { message_content: 'moved', created_at: '2019-05-01T10:00:00.123+02:00' },
      { message_content: 'all', sender_id: 'bob', metadata: { a: 1 }, created_at: '1970-01-01T00:00:00Z' },
    ];
    const { status, body } = await client.post(`${chat}/messages/batch`, { messages });
    expect(status).toBe(201);
    const answers = messages.map(({ created_at: _, ...given }, index) => ({
      ...{ type: 'message', application_token: chat.split('/')[3], chat_number: 1, message_number: index + 1 },
      ...given,
    }));
    expect(body).toEqual(answers);
    await client.get(`${chat}/messages/5`);
    const stored = (await client.get(`${chat}/messages`)).body;
    for (const [index, { message_content: content, created_at: _, ...rest }] of messages.entries()) {
      const { number, created_at, updated_at, ...read } = stored[index];
      expect({ number, ...read }).toEqual({ number: index + 1, content, ...rest });
    }
    expect(stored[3].created_at).toBe('2019-05-01T08:00:00.123Z');
    expect(stored[4].created_at).toBe('1970-01-01T00:00:00.000Z');
    expect(Math.abs(Date.parse(stored[0].created_at) - Date.now())).toBeLessThan(60_000);
  });

  test('with a time that is none, or in the future, is refused as a whole', async () => {
    const chat = await client.chat();
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    for (const created_at of [
      '',
      'now',
      '2026-03-01',
      '2026-02-30T00:00:00Z',
      '1969-12-31T23:59:59Z',
      tomorrow,
      5,
      null,
    ]) {
      const messages = [{ message_content: 'good' }, { message_content: 'x', created_at }];
      const { status, body } = await client.post(`${chat}/messages/batch`, { messages });
      expect([status, body.errors?.[0].path], String(created_at)).toEqual([422, '/messages/1/created_at']);
    }
    const single = await client.post(chat, { message_content: 'x', created_at: '2019-05-01T10:00:00Z' });
    expect(single.body.errors).toEqual([{ path: '/created_at', message: 'is not a known field' }]);
    expect((await client.post(chat, { message_content: 'first' })).body.message_number).toBe(1);
  });

  test('of 1,000 messages with all fields is one create', async () => {
    const chat = await client.chat();
    const messages = Array.from({ length: 1_000 }, (_, index) => ({
      ...{ message_content: `m${index}`, sender_id: `user-${index % 7}`, metadata: { index } },
      created_at: new Date(1_500_000_000_000 + index * 1_000).toISOString(),
    }));
    expect((await client.post(`${chat}/messages/batch`, { messages })).status).toBe(201);
    expect((await client.get(`${chat}/messages/1000`)).body).toMatchObject({
      ...{ number: 1_000, content: 'm999', sender_id: 'user-5', metadata: { index: 999 } },
      created_at: new Date(1_500_000_999_000).toISOString(),
    });
  });
});

test('an Idempotency-Key covers the sender, the metadata and the times', async () => {
  const chat = await client.chat();
  const application = chat.slice(0, chat.indexOf('/chats'));
  const batch = (fields: object) => ({ messages: [{ message_content: 'x' }, { message_content: 'y', ...fields }] });
  const name = { application_name: 'K' };
  for (const [path, given, others] of [
    ['/api/applications', { ...name, metadata: { a: 1 } }, [name, { ...name, metadata: { a: 2 } }]],
    [`${application}/chats`, { metadata: { a: 1 } }, [{}, { metadata: {} }]],
    [
      chat,
      { message_content: 'x', sender_id: 'anna' },
      [{ message_content: 'x' }, { message_content: 'x', sender_id: 'b' }],
    ],
    [chat, { message_content: 'x' }, [{ message_content: 'x', metadata: {} }]],
    [
      `${chat}/messages/batch`,
      batch({ created_at: '2020-01-01T00:00:00Z' }),
      [batch({}), batch({ created_at: '2020-01-01T00:00:01Z' }), batch({ sender_id: 'anna' })],
    ],
  ] as [string, object, object[]][]) {
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const first = await client.post(path, given, headers);
    expect(first.status).toBe(201);
    expect(await client.post(path, given, headers)).toMatchObject({ status: 201, body: first.body });
    for (const other of others) expect((await client.post(path, other, headers)).status, path).toBe(422);
  }
});
