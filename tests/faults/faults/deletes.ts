/**
 * Faults: something is deleted while another part is frozen, dead, or has lost its data. Every other fault deletes too
 * (see mortals.ts); these bring about the orders in which a deleted thing could come back.
 */

import { partitionOf } from '@parley/domain';
import { onChannel } from '@parley/rabbitmq/testing';
import { until } from '@parley/testing';
import type { Fault, FaultContext } from '../fault.ts';
import type { Chat } from '../load.ts';
import { withDeadLetters, withMysql } from '../observe.ts';
import { type AppName, type FaultStack, PARTITIONS } from '../stack.ts';

const WORKERS: readonly AppName[] = ['worker-1', 'worker-2'];
const TIMES = 6;
/** How long an ingest stands still with numbers that it has drawn: within the two seconds of an acknowledgement. */
const STALL_MS = 1_200;
/** Elasticsearch forgets the version of a deleted document after a minute. */
const FORGOTTEN_MS = 70_000;
const PURGED_MESSAGES = 30_000;
const PURGE_KILLS = 8;
const SWEPT_WITHIN_MS = 30_000;

const cli = (stack: FaultStack, ...command: string[]): Promise<string> =>
  stack.exec('redis-cli', '-p', String(stack.settings.ports.redis), ...command);

const nothing = async (): Promise<void> => {};

/** Deletes chats and applications while Redis loses everything: before, between and after the steps of a deletion. */
async function whileFlushed({ stack, load, random }: FaultContext): Promise<void> {
  for (let time = 0; time < TIMES; time += 1) {
    const flushed = async () => {
      await Bun.sleep(random.integer(0, 40));
      await cli(stack, 'FLUSHALL');
    };
    const chat = await load.mortals.anyChat();
    const deletion = time % 3 === 2 ? load.mortals.deleteApplication() : load.mortals.deleteChat();
    await Promise.all([deletion, flushed(), load.mortals.create(chat)]);
    await Bun.sleep(random.integer(500, 3_500));
  }
}

/**
 * An ingest stands still with numbers that it has drawn in a chat, the chat is deleted, and the ingest publishes them.
 * The confirms of RabbitMQ are held first, so that numbers are drawn and not yet answered.
 */
async function withDrawnNumbers({ stack, load }: FaultContext): Promise<void> {
  for (let time = 0; time < TIMES; time += 1) {
    await stack.proxies.set('rabbitmq', { hold: { clientPorts: stack.portsOf('ingest-2'), from: 'client' } });
    const chat = await load.mortals.anyChat();
    const creates = Array.from({ length: 8 }, () => load.mortals.create(chat));
    await Bun.sleep(200);
    stack.signal('ingest-2', 'SIGSTOP');
    const deletion = time % 3 === 2 ? load.mortals.deleteApplication() : load.mortals.deleteChat();
    await Bun.sleep(STALL_MS);
    stack.signal('ingest-2', 'SIGCONT');
    await stack.proxies.set('rabbitmq', { hold: undefined });
    await Promise.all([deletion, ...creates]);
    await Bun.sleep(2_000);
  }
}

/** Kills the workers with unacked deliveries, deletes what these are in, and lets RabbitMQ deliver them again. */
async function redelivered({ stack, load }: FaultContext): Promise<void> {
  for (let time = 0; time < TIMES; time += 1) {
    for (const worker of WORKERS) if (stack.isRunning(worker)) await stack.kill(worker);
    for (let create = 0; create < 5; create += 1) await load.mortals.create(await load.mortals.anyChat());
    const deletion = time % 3 === 2 ? load.mortals.deleteApplication() : load.mortals.deleteChat();
    await Bun.sleep(300);
    await stack.start(...WORKERS);
    await deletion;
    await Bun.sleep(500);
  }
}

/**
 * A worker is frozen with a bulk request that Elasticsearch has not got yet. Its messages are deleted and indexed by the
 * other worker. After Elasticsearch would have forgotten a deletion, the older request arrives.
 */
async function frozenIndexer({ stack, load, tell }: FaultContext): Promise<void> {
  await stack.proxies.set('elasticsearch', { hold: { clientPorts: stack.portsOf('worker-1'), from: 'client' } });
  const places = [];
  for (let create = 0; create < 60; create += 1) {
    const place = await load.mortals.create(await load.mortals.anyChat());
    if (place !== undefined) places.push(place);
  }
  await Bun.sleep(1_000); // the worker has begun to send them
  stack.signal('worker-1', 'SIGSTOP');
  for (const place of places) await load.mortals.remove(place);
  await load.mortals.deleteChat();
  tell(`${places.length} messages deleted; waiting ${FORGOTTEN_MS / 1_000} s`);
  await Bun.sleep(FORGOTTEN_MS);
  stack.signal('worker-1', 'SIGCONT');
  await stack.proxies.set('elasticsearch', { hold: undefined });
}

/** An epoch that has not begun: an event of it is never too late. */
const LATER_EPOCH = 1_000;

/** Publishes an event with the number of a stored message, which is a collision: it becomes a dead letter. */
async function plant({ stack }: FaultContext, { token, chat }: Chat, text: string, number: number): Promise<void> {
  process.env.RABBITMQ_URL = stack.urls.RABBITMQ_URL;
  const common = { id: crypto.randomUUID().replaceAll('-', ''), epoch: LATER_EPOCH, at: Date.now(), token };
  const event = { type: 'messages', ...common, chat, first: number, contents: [text] };
  const envelope = JSON.stringify({ v: 1, partition: partitionOf(token, PARTITIONS), events: [event] });
  await onChannel(async (channel) => {
    const queue = `parley.events.${partitionOf(token, PARTITIONS)}`;
    channel.sendToQueue(queue, Buffer.from(envelope), { persistent: true, type: 'events' });
    await channel.close();
  });
}

/**
 * A dead letter holds an event of a chat, the chat is deleted, and an operator replays the letter at the same moment.
 * Afterwards no letter of the chat is left.
 */
async function replayed(context: FaultContext): Promise<void> {
  const { stack, load } = context;
  for (let time = 0; time < TIMES; time += 1) {
    const chat = await load.mortals.anyChat();
    const place = await load.mortals.create(chat);
    if (place === undefined) throw new Error('no message could be created');
    await load.stored(place);
    await plant(context, chat, load.textOf(chat), place.number);
    await withDeadLetters(stack, async (deadLetters) => {
      await until('the event is a dead letter', async () => (await deadLetters.count()) > 0, SWEPT_WITHIN_MS);
      const deletion = load.mortals.remove({ ...chat, number: 0 });
      await Bun.sleep(time * 20);
      await deadLetters.replay(1_000);
      await deletion;
      await until('the dead letter is gone', async () => (await deadLetters.count()) === 0, SWEPT_WITHIN_MS);
    });
    await load.mortals.deleteChat();
  }
}

/** Kills the workers again and again while they remove a large chat's messages. */
async function purgeKilled({ stack, load, tell }: FaultContext): Promise<void> {
  const chat = await load.mortals.largeChat(PURGED_MESSAGES);
  await load.stored({ ...chat, number: PURGED_MESSAGES });
  const left = () =>
    withMysql(stack, async (mysql) => {
      const [rows] = await mysql.query(
        'SELECT COUNT(*) AS n FROM messages WHERE token = UUID_TO_BIN(?) AND chat_number = ?',
        [chat.token, chat.chat],
      );
      return Number((rows as { n: number }[])[0]?.n);
    });
  await load.mortals.remove({ ...chat, number: 0 });
  let interrupted = 0;
  for (let kill = 0; kill < PURGE_KILLS; kill += 1) {
    await Bun.sleep(1_000);
    const rows = await left();
    if (rows > 0 && rows < PURGED_MESSAGES) interrupted += 1;
    for (const worker of WORKERS) if (stack.isRunning(worker)) await stack.kill(worker);
    await stack.start(...WORKERS);
  }
  tell(`the purge was interrupted ${interrupted} times`);
  if (interrupted === 0) throw new Error('no kill came in the middle of the purge, so nothing is shown');
}

export const deleteFaults: readonly Fault[] = [
  {
    name: 'delete-redis-flushed',
    description: `${TIMES} times a chat or an application is deleted while Redis loses everything`,
    holdMs: 0,
    inject: whileFlushed,
    heal: nothing,
  },
  {
    name: 'delete-ingest-frozen',
    description: `${TIMES} times an ingest stands still with drawn numbers while their chat is deleted`,
    holdMs: 0,
    // nginx answers the requests to the frozen ingest, after 4 s.
    refusalMsMax: 5_000,
    inject: withDrawnNumbers,
    heal: nothing,
  },
  {
    name: 'delete-workers-kill',
    description: `${TIMES} times what the killed workers had is deleted before it is delivered again`,
    holdMs: 0,
    inject: redelivered,
    heal: nothing,
  },
  {
    name: 'delete-indexer-frozen',
    description: 'an older bulk request arrives 70 s after its messages were deleted',
    holdMs: 0,
    inject: frozenIndexer,
    heal: nothing,
  },
  {
    name: 'delete-dead-letter-replayed',
    description: `${TIMES} times a chat is deleted while a dead letter of it is replayed`,
    holdMs: 0,
    inject: replayed,
    heal: nothing,
  },
  {
    name: 'purge-killed',
    description: `the workers are killed ${PURGE_KILLS} times while they remove the ${PURGED_MESSAGES} messages of a chat`,
    holdMs: 0,
    inject: purgeKilled,
    heal: nothing,
  },
];
