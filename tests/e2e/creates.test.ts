import { beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';

let client: Client;
beforeAll(async () => {
  client = await e2e();
});

const TEXTS = {
  emoji: '👩‍👩‍👧‍👦 🇪🇪 ❤️‍🔥',
  combining: 'e\u0301 is not é, Z\u0351\u036b\u0343',
  rightToLeft: 'שלום \u202b مرحبا',
  cjk: '東京タワー 서울 北京 が か\u3099',
  quotes: `"double" 'single' \\back\\ \`tick\``,
  controls: 'tab\tnew\nline\r\n\u0001\u001f\u007f\u2028\ufeff',
  markup: '<script>alert(1)</script> & {{x}} %s',
  spaces: '   ',
};

describe('creating', () => {
  test('an application returns its token, which is a random UUID', async () => {
    const { status, body } = await client.post('/api/applications', { application_name: 'Support' });
    expect(status).toBe(201);
    expect(body).toEqual({
      type: 'application',
      application_token: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      application_name: 'Support',
    });
  });

  test('chats are numbered 1, 2, 3 within their application', async () => {
    const application = await client.application();
    const token = application.split('/').at(-1);
    for (const number of [1, 2, 3]) {
      const { status, body } = await client.post(`${application}/chats`, { chat_name: `Chat ${number}` });
      expect(status).toBe(201);
      expect(body).toEqual({
        type: 'chat',
        application_token: token,
        chat_number: number,
        chat_name: `Chat ${number}`,
      });
    }
    const other = await client.chat();
    expect(other).toEndWith('/chats/1');
  });

  test('messages are numbered 1, 2, 3 within their chat, by either path', async () => {
    const chat = await client.chat();
    const paths = [`${chat}/messages`, chat, `${chat}/messages`];
    for (const [index, path] of paths.entries()) {
      const { status, body } = await client.post(path, { message_content: `m${index}` });
      expect(status).toBe(201);
      expect(body).toEqual({
        type: 'message',
        application_token: chat.split('/')[3],
        chat_number: 1,
        message_number: index + 1,
        message_content: `m${index}`,
      });
    }
  });

  test('a batch gets consecutive numbers in the order of its messages', async () => {
    const chat = await client.chat();
    await client.post(`${chat}/messages`, { message_content: 'first' });
    const messages = Array.from({ length: 1000 }, (_, index) => ({ message_content: `batch ${index}` }));
    const { status, body } = await client.post(`${chat}/messages/batch`, { messages });
    expect(status).toBe(201);
    expect(body).toHaveLength(1000);
    expect(body[0]).toMatchObject({ type: 'message', message_number: 2, message_content: 'batch 0' });
    expect(body.map((message: { message_number: number }) => message.message_number)).toEqual(
      Array.from({ length: 1000 }, (_, index) => index + 2),
    );
    const next = await client.post(`${chat}/messages`, { message_content: 'last' });
    expect(next.body.message_number).toBe(1002);
  });

  test('a created object can be read at once', async () => {
    const application = await client.application('Read me');
    expect((await client.get(application)).body).toMatchObject({ name: 'Read me', chats_count: 0 });
    const chat = await client.chat('Read me too', application);
    expect((await client.get(chat)).body).toMatchObject({ number: 1, name: 'Read me too', messages_count: 0 });
    await client.post(chat, { message_content: 'And me' });
    expect((await client.get(`${chat}/messages/1`)).body).toMatchObject({ number: 1, content: 'And me' });
  });

  for (const [name, text] of Object.entries(TEXTS)) {
    test(`keeps ${name} byte for byte`, async () => {
      const application = await client.application(text);
      const chat = await client.chat(text, application);
      const created = await client.post(`${chat}/messages`, { message_content: text });
      expect(created.body.message_content).toBe(text);
      expect((await client.get(`${chat}/messages/1`)).body.content).toBe(text);
      expect((await client.get(chat)).body.name).toBe(text);
      expect((await client.get(application)).body.name).toBe(text);
    });
  }

  test('accepts the longest name and message, counted in characters', async () => {
    const application = await client.application('😀'.repeat(255));
    expect((await client.get(application)).body.name).toBe('😀'.repeat(255));
    const chat = await client.chat('é'.repeat(255), application);
    const content = '😀'.repeat(10_000);
    const escaped = `{"message_content":"${'\\ud83d\\ude00'.repeat(10_000)}"}`;
    expect((await client.call('POST', `${chat}/messages`, { raw: escaped })).status).toBe(201);
    expect((await client.get(`${chat}/messages/1`)).body.content).toBe(content);
  });

  test('accepts the largest batch as one create', async () => {
    const chat = await client.chat();
    const messages = Array.from({ length: 200 }, (_, index) => ({ message_content: `${index} ${'x'.repeat(9_990)}` }));
    expect((await client.post(`${chat}/messages/batch`, { messages })).status).toBe(201);
    expect((await client.get(`${chat}/messages/200`)).body.content).toStartWith('199 xxx');
  });
});
