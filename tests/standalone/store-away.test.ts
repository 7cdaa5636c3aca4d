import { expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { startStandalone } from '@parley/standalone';
import { Client } from '../support/client.ts';
import { Documented } from '../support/documented.ts';
import { noteDocumented } from '../support/e2e.ts';
import { temporaryFolder } from '../support/system.ts';

/**
 * The store is closed while the API still answers. No answer may pretend that an object exists, or that it does not.
 */
test('every read, change, delete and search is a 503 with Retry-After while the store is closed, and /readyz reports it', async () => {
  const dataDir = await temporaryFolder();
  const running = await startStandalone({
    HOST: '127.0.0.1',
    PORT: 0,
    ALLOWED_HOSTS: '',
    REQUEST_TIMEOUT_MS: 30_000,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    PUBLIC_URL: '',
    QUEUE_BYTES_MAX: 1024 * 1024,
    LIVE_WINDOW_S: 60,
    LIVE_WINDOW_BYTES: 1024 * 1024,
    PURGE_SHARE: 0.2,
    RETENTION_PATTERN: '0 0 * * * *',
    ADMIN_KEY: '',
    CORS_ORIGINS: '',
    LIMIT_MESSAGES_PER_SECOND: 0,
    LIMIT_REQUESTS_PER_SECOND: 0,
    LIMIT_CREATES_IN_FLIGHT: 0,
    LIMIT_LIVE_CONNECTIONS: 0,
    STOP_TIMEOUT_MS: 1_000,
    DRAIN_MS: 0,
  });
  const send = (request: Request) => running.app.fetch(request);
  const document = await (await send(new Request('http://localhost/swagger/json'))).json();
  const client = new Client(send, 'http://localhost', new Documented(document));
  const chat = await client.chat();
  const application = chat.slice(0, chat.indexOf('/chats'));
  await running.stop();

  const requests: [string, string, unknown?][] = [
    ['GET', '/api/applications'],
    ['GET', application],
    ['GET', `${application}/chats`],
    ['GET', chat],
    ['GET', `${chat}/messages`],
    ['GET', `${chat}/messages/1`],
    ['GET', `${chat}/search?search_query=x`],
    ['POST', `${chat}/search`, { search_query: 'x' }],
    ['GET', `${application}/search?search_query=x`],
    ['POST', `${application}/search`, { search_query: 'x' }],
    ['GET', `${application}/chats?order=activity`],
    ['GET', `${application}/limits`],
    ['PATCH', `${application}/limits`, { retention_days: 1 }],
    ['PATCH', `${application}/limits`, { messages_per_second: 1 }],
    ['GET', '/api/admin/applications'],
    ['GET', `${application}/keys`],
    ['POST', `${application}/keys`, { name: 'x' }],
    ['DELETE', `${application}/keys/${crypto.randomUUID()}`],
    ['POST', `${application}/sessions`, { user_id: 'anna' }],
    ['GET', `${chat}/reads`],
    ['PUT', `${chat}/reads/anna`, { message_number: 1 }],
    ['DELETE', `${chat}/messages/1`],
    ['DELETE', chat],
    ['DELETE', application],
    ...(['PATCH', 'PUT'] as const).flatMap((method): [string, string, unknown][] => [
      [method, application, { application_name: 'x' }],
      [method, chat, { chat_name: 'x' }],
      [method, `${chat}/messages/1`, { message_content: 'x' }],
    ]),
  ];
  for (const [method, path, json] of requests) {
    const { status, headers } = await client.call(method, path, json === undefined ? {} : { json });
    expect(status, `${method} ${path}`).toBe(503);
    expect(headers.get('retry-after')).toBe('1');
  }
  const ready = await client.get('/readyz');
  expect(ready.status).toBe(503);
  expect(ready.body.dependencies[0]).toMatchObject({ name: 'store', state: 'down' });
  noteDocumented(client);
  await rm(dataDir, { recursive: true, force: true });
});
