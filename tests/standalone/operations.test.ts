import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { until } from '@parley/testing';
import { Client } from '../support/client.ts';
import { noteDocumented } from '../support/e2e.ts';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

let dataDir: string;
let standalone: StandaloneProcess;
let client: Client;
beforeAll(async () => {
  dataDir = await temporaryFolder();
  standalone = await startStandalone(dataDir);
  client = await Client.connect(standalone.url);
});
afterAll(async () => {
  await standalone.kill();
  await rm(dataDir, { recursive: true, force: true });
});

describe('operations', () => {
  test('/healthz and /readyz are 200, and /readyz lists each dependency', async () => {
    expect((await client.get('/healthz')).body).toEqual({ status: 'alive' });
    const ready = await client.get('/readyz');
    expect(ready.status).toBe(200);
    expect(ready.body).toEqual({ status: 'ready', dependencies: [{ name: 'store', state: 'up' }] });
  });

  test('/metrics counts requests by route and status, creates, batches and lag', async () => {
    const chat = await client.chat();
    await client.messages(chat, ['a', 'b', 'c']);
    await client.get(`${chat}x`);
    const { body, headers } = await client.get('/metrics');
    expect(headers.get('content-type')).toStartWith('text/plain');
    const lines = body as string;
    const route = '/api/applications/:token/chats/:number/messages/batch';
    expect(lines).toContain(
      `parley_http_requests_total{method="POST",route="${route}",status="201",program="standalone"} 1`,
    );
    expect(lines).toMatch(/parley_http_requests_total\{method="GET",route="[^"]*",status="404"/);
    expect(lines).toMatch(/parley_http_request_duration_seconds_bucket\{le="0.005",[^}]*method="POST"/);
    expect(lines).toContain('parley_created_total{kind="message",program="standalone"} 3');
    expect(lines).toMatch(/parley_store_batch_rows_count\{program="standalone"\} [1-9]/);
    expect(lines).toMatch(/parley_store_lag_seconds_count\{program="standalone"\} [1-9]/);
  });

  test('a second process on the same data folder ends at once, with a reason', async () => {
    const second = Bun.spawn([process.execPath, `${import.meta.dir}/../../apps/standalone/src/main.ts`], {
      env: { ...process.env, PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'info' },
      stdout: 'ignore',
      stderr: 'pipe',
    });
    expect(await second.exited).toBe(1);
    expect(await new Response(second.stderr).text()).toContain('in use by another process');
  });

  test('a wrong configuration stops the start with a message that names each variable', async () => {
    const wrong = Bun.spawn([process.execPath, `${import.meta.dir}/../../apps/standalone/src/main.ts`], {
      env: { ...process.env, PORT: '80x', DATA_DIR: dataDir, LOG_LEVEL: 'loud' },
      stdout: 'ignore',
      stderr: 'pipe',
    });
    expect(await wrong.exited).toBe(1);
    const text = await new Response(wrong.stderr).text();
    expect(text).toContain('PORT="80x" must be integer');
    expect(text).toContain('LOG_LEVEL="loud"');
  });
});

test('a port that is taken stops the start', async () => {
  const other = await temporaryFolder();
  const second = Bun.spawn([process.execPath, `${import.meta.dir}/../../apps/standalone/src/main.ts`], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: new URL(standalone.url).port, DATA_DIR: other },
    stdout: 'ignore',
    stderr: 'pipe',
  });
  expect(await second.exited).toBe(1);
  expect(await new Response(second.stderr).text()).toContain(
    `port ${new URL(standalone.url).port}: is the port in use? (EADDRINUSE)`,
  );
  await rm(other, { recursive: true, force: true });
});

test('SIGTERM under load completes requests in flight, keeps what was acknowledged, and exits 0', async () => {
  const folder = await temporaryFolder();
  const first = await startStandalone(folder);
  const sender = await Client.connect(first.url);
  const chat = await sender.chat();
  const numbers: number[] = [];
  let broken = 0;
  const work = async () => {
    for (;;) {
      try {
        const { status, body } = await sender.post(chat, { message_content: 'still here' });
        if (status !== 201) return;
        numbers.push(body.message_number);
      } catch {
        broken += 1;
        return;
      }
    }
  };
  const loading = Promise.all(Array.from({ length: 16 }, work));
  await until('a hundred were created', () => numbers.length >= 100);
  expect(await first.terminate()).toBe(0);
  await loading;
  expect(broken).toBeLessThanOrEqual(16);
  const second = await startStandalone(folder);
  const reader = await Client.connect(second.url);
  expect((await reader.get(chat)).body.messages_count).toBeGreaterThanOrEqual(numbers.length);
  for (const number of numbers.slice(-50)) expect((await reader.get(`${chat}/messages/${number}`)).status).toBe(200);
  expect(await second.terminate()).toBe(0);
  await rm(folder, { recursive: true, force: true });
});

/** tests/contract/embedded-life.test.ts shows that refused creates use no number. */
test('creates are refused with 503 and Retry-After while too much is waiting, and reads succeed', async () => {
  const folder = await temporaryFolder();
  const open = await startStandalone(folder);
  const creator = await Client.connect(open.url);
  const chat = await creator.chat();
  await open.terminate();
  const full = await startStandalone(folder, { QUEUE_BYTES_MAX: '0' });
  const refused = await Client.connect(full.url);
  const application = chat.slice(0, chat.indexOf('/chats'));
  const creates: [string, unknown][] = [
    ['/api/applications', { application_name: 'x' }],
    [`${application}/chats`, { chat_name: 'x' }],
    [chat, { message_content: 'x' }],
    [`${chat}/messages`, { message_content: 'x' }],
    [`${chat}/messages/batch`, { messages: [{ message_content: 'x' }] }],
  ];
  for (const [path, json] of creates) {
    const { status, headers, body } = await refused.post(path, json);
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('1');
    expect(body).toMatchObject({ type: 'about:blank', title: 'Service Unavailable', status: 503 });
  }
  expect((await refused.get(chat)).status).toBe(200);
  noteDocumented(refused);
  await full.terminate();
  await rm(folder, { recursive: true, force: true });
});
