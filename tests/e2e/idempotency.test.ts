import { beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { counted, e2e } from '../support/e2e.ts';

let client: Client;
beforeAll(async () => {
  client = await e2e();
});

const newKey = () => crypto.randomUUID();

describe('an Idempotency-Key', () => {
  test('repeats the same answer and stores once, for every create', async () => {
    const chat = await client.chat();
    const application = chat.slice(0, chat.indexOf('/chats'));
    const creates: [string, unknown][] = [
      ['/api/applications', { application_name: 'Keyed' }],
      [`${application}/chats`, { chat_name: 'Keyed' }],
      [`${chat}/messages`, { message_content: 'keyed' }],
      [chat, { message_content: 'keyed' }],
      [`${chat}/messages/batch`, { messages: [{ message_content: 'a' }, { message_content: 'b' }] }],
    ];
    for (const [path, json] of creates) {
      const headers = { 'idempotency-key': newKey() };
      const first = await client.post(path, json, headers);
      expect(first.status).toBe(201);
      for (let again = 0; again < 3; again += 1) {
        const repeated = await client.post(path, json, headers);
        expect(repeated.status).toBe(201);
        expect(repeated.body).toEqual(first.body);
      }
    }
    await client.get(`${chat}/messages/4`);
    expect((await client.get(`${chat}/messages`)).body.map(({ content }: { content: string }) => content)).toEqual([
      'keyed',
      'keyed',
      'a',
      'b',
    ]);
    await counted(client, chat, 4);
    await counted(client, application, 2);
  });

  test('stores once if it is sent several times at once', async () => {
    const chat = await client.chat();
    const headers = { 'idempotency-key': newKey() };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.post(chat, { message_content: 'once' }, headers)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.message_number))).toEqual(new Set([1]));
    const next = await client.post(chat, { message_content: 'next' });
    expect(next.body.message_number).toBe(2);
    await client.get(`${chat}/messages/2`);
    expect((await client.get(`${chat}/messages`)).body).toHaveLength(2);
  });

  test('with another body is a 422', async () => {
    const chat = await client.chat();
    const headers = { 'idempotency-key': newKey() };
    expect((await client.post(chat, { message_content: 'one' }, headers)).status).toBe(201);
    const other = await client.post(chat, { message_content: 'two' }, headers);
    expect(other.status).toBe(422);
    expect(other.body.detail).toContain('Idempotency-Key');
    const key = newKey();
    const named = (name: string) =>
      client.post('/api/applications', { application_name: name }, { 'idempotency-key': key });
    expect((await named('One')).status).toBe(201);
    expect((await named('Two')).status).toBe(422);
  });

  test('with the same body for another chat, or by another path, is a 422', async () => {
    const application = await client.application();
    const [chat, other] = [await client.chat('One', application), await client.chat('Other', application)];
    const message = { message_content: 'same' };
    const batch = { messages: [message] };
    const asked: [string, unknown][] = [
      [chat, message],
      [other, message],
      [`${chat}/messages/batch`, batch],
      [`${other}/messages/batch`, batch],
    ];
    for (const [index, [path, json]] of asked.entries()) {
      const headers = { 'idempotency-key': newKey() };
      expect((await client.post(path, json, headers)).status).toBe(201);
      for (const [otherPath, otherJson] of asked.toSpliced(index, 1)) {
        expect((await client.post(otherPath, otherJson, headers)).status, `${path}, ${otherPath}`).toBe(422);
      }
    }
    expect((await client.get(`${chat}/messages/3`)).status).toBe(404);
    expect((await client.get(`${other}/messages/3`)).status).toBe(404);
  });

  test('belongs to its application', async () => {
    const headers = { 'idempotency-key': newKey() };
    for (let count = 0; count < 2; count += 1) {
      const chat = await client.chat();
      const { status, body } = await client.post(chat, { message_content: `own ${count}` }, headers);
      expect(status).toBe(201);
      expect(body.message_number).toBe(1);
    }
  });

  test('of a wrong length is a 422', async () => {
    const chat = await client.chat();
    const refused = await client.post(chat, { message_content: 'x' }, { 'idempotency-key': 'x'.repeat(256) });
    expect(refused.status).toBe(422);
    expect(refused.body.errors[0].path).toBe('Idempotency-Key');
    const short = await client.post('/api/applications', { application_name: 'x' }, { 'idempotency-key': 'short' });
    expect(short.status).toBe(422);
  });
});
