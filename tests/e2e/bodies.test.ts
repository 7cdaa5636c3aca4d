import { beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { e2eChat } from '../support/e2e.ts';
import { type RawRequest, rawHttp } from '../support/raw.ts';

let client: Client;
let application: string;
let chat: string;
beforeAll(async () => {
  ({ client, application, chat } = await e2eChat());
});

const CONTENT = '{"message_content":"x"}';
const JSON_TYPE = { 'content-type': 'application/json' };
const send = (request: Partial<RawRequest> & { path: string }) => rawHttp(client.url, { method: 'POST', ...request });
const count = async () => (await client.get(`${chat}/messages?limit=200&order=desc`)).body[0].number;

/** Every create and change, with a valid body. */
const writes = () => [
  { method: 'POST', path: '/api/applications', body: '{"application_name":"x"}' },
  { method: 'PATCH', path: application, body: '{"application_name":"x"}' },
  { method: 'PUT', path: application, body: '{"application_name":"x"}' },
  { method: 'POST', path: `${application}/chats`, body: '{"chat_name":"x"}' },
  { method: 'PATCH', path: chat, body: '{"chat_name":"x"}' },
  { method: 'PUT', path: chat, body: '{"chat_name":"x"}' },
  { method: 'POST', path: chat, body: CONTENT },
  { method: 'POST', path: `${chat}/messages`, body: CONTENT },
  { method: 'POST', path: `${chat}/messages/batch`, body: `{"messages":[${CONTENT}]}` },
  { method: 'PATCH', path: `${chat}/messages/1`, body: CONTENT },
  { method: 'PUT', path: `${chat}/messages/1`, body: CONTENT },
];

describe('a body', () => {
  test('without a Content-Type is refused, because any web page can make a browser send it', async () => {
    const before = await count();
    for (const write of writes()) {
      for (const body of [write.body, [write.body]]) {
        const answer = await send({ ...write, body });
        expect(answer.status, `${write.method} ${write.path}`).toBe(415);
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
      }
    }
    expect(await count()).toBe(before);
  });

  test('with a Content-Encoding is refused, and the answer lists the accepted ones', async () => {
    for (const write of writes()) {
      for (const encoding of ['gzip', 'br', 'identity, gzip', 'x']) {
        const answer = await send({ ...write, headers: { ...JSON_TYPE, 'content-encoding': encoding } });
        expect(answer.status, `${write.method} ${write.path} ${encoding}`).toBe(415);
        expect(answer.headers.get('accept-encoding')).toBe('identity');
        expect(answer.body.detail).toContain('Content-Encoding');
      }
    }
    const headers = { ...JSON_TYPE, 'content-encoding': 'Identity' };
    expect((await send({ path: chat, body: CONTENT, headers })).status).toBe(201);
  });

  test('may have its Content-Type in any legal spelling', async () => {
    for (const type of [
      'application/json',
      'Application/JSON',
      'application/json;',
      'application/json;charset=utf-8',
      'application/json; charset=UTF-8',
      'application/json\t;\tcharset=utf-8',
      'application/json  ;   charset="Utf-8"  ;x=y',
      'application/json; x="; charset=latin1"',
      'application/vnd.api+json; charset=utf-8',
    ]) {
      const answer = await send({ path: chat, body: CONTENT, headers: { 'content-type': type } });
      expect(answer.status, type).toBe(201);
    }
  });

  test('in another charset or of another type is refused', async () => {
    for (const type of [
      'application/json; charset=iso-8859-1',
      'application/json;charset="UTF-16"',
      'application/json; x=1; Charset=us-ascii',
      'application/json; charset=utf-8; charset=latin1',
      'application/json; charset=',
      'application/jsonp',
      'text/json',
      'text/plain; x=application/json',
    ]) {
      const answer = await send({ path: chat, body: CONTENT, headers: { 'content-type': type } });
      expect(answer.status, type).toBe(415);
    }
  });

  test('that is missing but needed is a 400, whatever the headers say', async () => {
    for (const { method, path } of writes()) {
      if (path === `${application}/chats`) continue;
      for (const headers of [{}, JSON_TYPE, { 'content-type': 'text/plain' }]) {
        for (const body of [undefined, '', []]) {
          const answer = await send({ method, path, headers, ...(body !== undefined && { body }) });
          expect(answer.status, `${method} ${path} ${JSON.stringify([headers, body])}`).toBe(400);
          expect(answer.body.detail).toContain('empty');
        }
      }
    }
  });
});

describe('a chat without a name', () => {
  const expected = (number: number) => ({
    type: 'chat',
    application_token: application.split('/').at(-1),
    chat_number: number,
    chat_name: '',
  });

  test('is made by no body, an empty object or an empty name, and has an empty name in every answer', async () => {
    const bodies: Partial<RawRequest>[] = [
      {},
      { body: '' },
      { body: [] },
      { headers: JSON_TYPE },
      { headers: { 'content-type': 'text/plain' }, body: '' },
      { headers: JSON_TYPE, body: '{}' },
      { headers: JSON_TYPE, body: '{"chat_name":""}' },
    ];
    for (const request of bodies) {
      const { status, body } = await send({ path: `${application}/chats`, ...request });
      expect(status, JSON.stringify(request)).toBe(201);
      expect(body).toEqual(expected(body.chat_number));
      const made = `${application}/chats/${body.chat_number}`;
      expect((await client.get(made)).body).toMatchObject({ number: body.chat_number, name: '' });
      const [newest] = (await client.get(`${application}/chats?limit=1&order=desc`)).body;
      expect(newest).toMatchObject({ number: body.chat_number, name: '' });
      expect((await client.post(made, { message_content: 'first' })).body.message_number).toBe(1);
    }
  });

  test('can get a name, and a named chat can lose it', async () => {
    const where = await client.chat('Named', application);
    for (const [method, name] of [
      ['PATCH', ''],
      ['PATCH', 'Again'],
      ['PUT', ''],
    ]) {
      const { status, body } = await client.call(method!, where, { json: { chat_name: name } });
      expect(status).toBe(200);
      expect(body.name).toBe(name);
      expect((await client.get(where)).body.name).toBe(name);
    }
    expect((await client.put(where, {})).status).toBe(422);
    expect((await client.patch(where, {})).status).toBe(422);
  });

  test('is made in no other way, and only a chat may lack a name', async () => {
    for (const body of ['null', '[]', '""', '{"chat_name":null}', '{"name":""}']) {
      const answer = await send({ path: `${application}/chats`, headers: JSON_TYPE, body });
      expect(answer.status, body).toBe(422);
    }
    expect((await client.post('/api/applications', { application_name: '' })).status).toBe(422);
    expect((await client.post('/api/applications', {})).status).toBe(422);
  });

  test('is made once for an Idempotency-Key, whichever of these bodies a repetition has', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const path = `${application}/chats`;
    const first = await send({ path, headers });
    expect(first.status).toBe(201);
    for (const body of ['{}', '{"chat_name":""}']) {
      expect((await send({ path, headers: { ...headers, ...JSON_TYPE }, body })).body).toEqual(first.body);
    }
    const other = await send({ path, headers: { ...headers, ...JSON_TYPE }, body: '{"chat_name":"x"}' });
    expect(other.status).toBe(422);
  });
});

describe('a batch of almost two megabytes with more mistakes than an answer lists', () => {
  const fill = (part: (index: number) => string) => {
    const parts: string[] = [];
    for (let bytes = 0, index = 0; bytes < 1_800_000; index += 1) {
      parts.push(part(index));
      bytes += parts[index]!.length + 1;
    }
    return parts.join();
  };
  for (const [what, text, first] of [
    ['unknown fields at the top', () => `{"messages":[${CONTENT}],${fill((index) => `"k${index}":0`)}}`, '/k0'],
    [
      'unknown fields in one message',
      () => `{"messages":[{"message_content":"x",${fill((index) => `"k${index}":0`)}}]}`,
      '/messages/0/k0',
    ],
    ['unknown fields in every message', () => `{"messages":[${fill((index) => `{"k${index}":0}`)}]}`, '/messages'],
    ['nulls for messages', () => `{"messages":[${fill(() => 'null')}]}`, '/messages'],
  ] as const) {
    test(`gets the first twenty of ${what}`, async () => {
      const { status, body } = await client.call('POST', `${chat}/messages/batch`, { raw: text() });
      expect(status).toBe(422);
      expect(body.errors).toHaveLength(20);
      expect(body.errors[0].path).toBe(first);
      expect(new Set(body.errors.map(({ path }: { path: string }) => path)).size).toBeGreaterThan(9);
    });
  }
});
