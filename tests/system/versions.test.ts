/**
 * An upgrade in the wrong order: ingest writes events that the previous version's worker does not know. PARLEY_URL
 * names the system: that of bin/test-stack. The test stops its workers for a while and runs old ones.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { resolve } from 'node:path';
import { partitionOf, type Token } from '@parley/domain';
import { until } from '@parley/testing';
import { connect } from 'amqplib';
import type { Client } from '../support/client.ts';
import { connect as connectClient, program, stack } from '../support/test-stack.ts';

const REPOSITORY = resolve(import.meta.dir, '../..');
const CLIENTS = 8;
/**
 * RabbitMQ's limit is 50 deliveries. Here two old workers and this test's own consumer each return an envelope once.
 */
const LOSSES_MAX = 4;
const { RABBITMQ_URL = '', PARTITIONS = '8' } = process.env;

let client: Client;
let chats: string[];
let newWorker: string;
const old: OldWorker[] = [];
beforeAll(async () => {
  if (RABBITMQ_URL === '') throw new Error('RABBITMQ_URL must be an address of the system');
  client = await connectClient();
  newWorker = `http://127.0.0.1:${(await program('worker-2')).port}`;
  chats = await chatsEverywhere();
}, 60_000);

/** Creates a chat in each partition. */
async function chatsEverywhere(): Promise<string[]> {
  const found = new Map<number, string>();
  while (found.size < Number(PARTITIONS)) {
    const application = await client.application('Versions');
    const partition = partitionOf(application.split('/').at(-1) as Token, Number(PARTITIONS));
    if (!found.has(partition)) found.set(partition, await client.chat('Versions', application));
  }
  return [...found.values()];
}

afterAll(async () => {
  for (const worker of old) await worker.stop();
  await stack('start', 'worker-1', 'worker-2');
}, 60_000);

interface OldWorker {
  readonly url: string;
  /** The lines of its log so far. */
  readonly log: readonly { readonly msg: string; readonly partition?: number }[];
  stop(): Promise<void>;
}

/** Starts an old worker: it does not know idempotency keys in events. */
async function startOld(): Promise<OldWorker> {
  const child = Bun.spawn([process.execPath, resolve(REPOSITORY, 'apps/worker/src/main.ts')], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', TEST_EVENT_VERSION_KNOWN: '0', LOG_LEVEL: 'info' },
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const log: { msg: string; port?: number; partition?: number }[] = [];
  const follow = async () => {
    let rest = '';
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      log.push(...lines.map((line) => JSON.parse(line)));
    }
  };
  const followed = follow();
  const stop = async () => {
    child.kill('SIGTERM');
    await child.exited; // any status is fine: on a busy machine the indexer may exceed the stop's time limit
    await followed;
  };
  const port = () => log.find(({ msg }) => msg === 'ready')?.port;
  await until('an old worker has started', async () => port() !== undefined);
  const worker = { url: `http://127.0.0.1:${port()}`, log, stop };
  old.push(worker);
  return worker;
}

async function figure(worker: string, metric: string): Promise<number> {
  const text = await (await fetch(`${worker}/metrics`)).text();
  return Number(new RegExp(`^${metric}(?:{[^}]*})? (\\S+)$`, 'm').exec(text)?.[1]);
}

/** Reads what a worker's /readyz says about event versions. */
async function eventVersion(worker: string): Promise<{ status: number; state?: string; detail?: string }> {
  const answer = await fetch(`${worker}/readyz`);
  const { dependencies } = (await answer.json()) as {
    dependencies: { name: string; state: string; detail?: string }[];
  };
  return { status: answer.status, ...dependencies.find(({ name }) => name === 'event version') };
}

async function leavesAll(worker: OldWorker): Promise<void> {
  const held = async () => (await figure(worker.url, 'parley_held_partitions')) === Number(PARTITIONS);
  await until('the old worker leaves each partition', held, 20_000);
  const told = worker.log.filter(({ msg }) => msg === 'met what this program is too old to know');
  expect(told.map(({ partition = -1 }) => partition).sort((a, b) => a - b)).toEqual(
    Array.from({ length: Number(PARTITIONS) }, (_, n) => n),
  );
  const { status, state, detail } = await eventVersion(worker.url);
  expect([status, state]).toEqual([503, 'down']);
  expect(detail).toMatch(/partition \d+ .*field "key".*start a newer worker/);
}

/**
 * Creates messages, one in five with an idempotency key, until the returned function is called. That returns the
 * acknowledged contents.
 */
function load(): () => Promise<Map<string, string>> {
  const acknowledged = new Map<string, string>();
  let over = false;
  const work = async (index: number) => {
    for (let turn = index; !over; turn += 1) {
      const chat = chats[Math.floor(Math.random() * chats.length)]!;
      const content = `${index} ${turn}`;
      const headers = turn % 5 === 0 ? { 'idempotency-key': `versions ${crypto.randomUUID()}` } : undefined;
      const { status, body } = await client.post(`${chat}/messages`, { message_content: content }, headers);
      if (status === 201) acknowledged.set(`${chat}/messages/${body.message_number}`, content);
      await Bun.sleep(20);
    }
  };
  const working = Array.from({ length: CLIENTS }, (_, index) => work(index));
  return async () => {
    over = true;
    await Promise.all(working);
    return acknowledged;
  };
}

/** The highest delivery count among the messages at the heads of the queues. */
async function lossesAtHeads(): Promise<number> {
  const connection = await connect(RABBITMQ_URL);
  try {
    const heads = Array.from({ length: Number(PARTITIONS) }, async (_, partition) => {
      const channel = await connection.createChannel();
      await channel.prefetch(1);
      const { promise, resolve: got } = Promise.withResolvers<number>();
      await channel.consume(`parley.events.${partition}`, (message) => {
        got(Number(message?.properties.headers?.['x-delivery-count'] ?? 0));
      });
      return promise;
    });
    return Math.max(...(await Promise.all(heads)));
  } finally {
    await connection.close();
  }
}

async function deadLetters(): Promise<number> {
  const connection = await connect(RABBITMQ_URL);
  const channel = await connection.createChannel();
  const { messageCount } = await channel.checkQueue('parley.dead-letters');
  await connection.close();
  return messageCount;
}

test('after an upgrade in the wrong order nothing is lost or becomes a dead letter: events that the old worker does not know wait for a newer one', async () => {
  const putAside = await deadLetters();
  await stack('stop', 'worker-1', 'worker-2');
  const first = await startOld();
  const finish = load();
  await leavesAll(first);
  expect(await figure(first.url, 'parley_store_batch_rows_sum')).toBeGreaterThan(0); // the old worker stored events
  await first.stop();
  old.pop();
  const second = await startOld();
  await leavesAll(second);
  const seen = await figure(second.url, 'parley_event_log_deliveries_total');
  expect(await lossesAtHeads()).toBeLessThanOrEqual(LOSSES_MAX);

  await stack('start', 'worker-2');
  const stored = () => figure(newWorker, 'parley_store_batch_rows_sum');
  await until('the new worker stores', async () => (await stored()) > 0);
  const before = await stored();
  await Bun.sleep(7_000); // until the new worker counts as healthy and shares partitions
  expect(await stored()).toBeGreaterThan(before);
  const acknowledged = await finish();

  expect(acknowledged.size).toBeGreaterThan(100);
  const isReadable = async ([path, content]: [string, string]) => {
    const read = async () => {
      const { status, body } = await client.get(path);
      return status === 200 && body.content === content;
    };
    await until(`${path} is readable`, read, 10_000);
  };
  const entries = [...acknowledged];
  while (entries.length > 0) await Promise.all(entries.splice(0, 32).map(isReadable));
  expect(await eventVersion(newWorker)).toMatchObject({ status: 200, state: 'up' });
  expect(await figure(newWorker, 'parley_held_partitions')).toBe(0);
  expect(await eventVersion(second.url)).toMatchObject({ status: 503, state: 'down' });
  expect((await fetch(`${second.url}/healthz`)).status).toBe(200);
  expect(await figure(second.url, 'parley_event_log_deliveries_total')).toBe(seen); // old worker got no partition back
  expect(await deadLetters()).toBe(putAside);
}, 120_000);
