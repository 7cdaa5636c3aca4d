/**
 * The programs are restarted one after the other under load, as for an update. No client behind nginx may notice.
 * PARLEY_URL names the system: that of bin/test-stack, with two instances of each program.
 */
import { beforeAll, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { connect, stack } from '../support/test-stack.ts';

const CHATS = 10;
/** Pauses let nginx's connections become idle. When an app closes an idle one, a request may get lost. */
const PAUSE_MS_MAX = 15;

let client: Client;
let application: string;
let chats: string[];
beforeAll(async () => {
  client = await connect();
  application = await client.application('Rolling');
  chats = await Promise.all(Array.from({ length: CHATS }, (_, index) => client.chat(`Chat ${index}`, application)));
});

async function restart(name: string): Promise<void> {
  await stack('stop', name);
  await stack('start', name);
}

/** Sends requests while programs are restarted, and returns how often each result came. */
async function statusesDuring(
  names: readonly string[],
  clients: number,
  request: (chat: string, index: number) => Promise<string>,
): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  let over = false;
  const work = async (index: number) => {
    for (let turn = index; !over; turn += 1) {
      const status = await request(chats[turn % CHATS]!, index).catch((error: Error) => error.message);
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (turn % 3 === 0) await Bun.sleep(Math.random() * PAUSE_MS_MAX);
    }
  };
  const working = Array.from({ length: clients }, (_, index) => work(index));
  try {
    for (const name of names) await restart(name);
  } finally {
    over = true;
    await Promise.all(working);
  }
  console.log(`${names.join(', ')} restarted: ${JSON.stringify(statuses)}`);
  return statuses;
}

const create = (chat: string) => client.post(`${chat}/messages`, { message_content: 'rolling' });

test('restarting each ingest twice fails no create', async () => {
  const names = ['ingest-1', 'ingest-2', 'ingest-1', 'ingest-2'];
  const statuses = await statusesDuring(names, 24, async (chat) => String((await create(chat)).status));
  expect(Object.keys(statuses)).toEqual(['201']);
}, 120_000);

test('restarting each api fails no update, and no read that waits for what was just created', async () => {
  await Promise.all(chats.map(create));
  const statuses = await statusesDuring(['api-1', 'api-2'], 32, async (chat, index) => {
    const first = `${chat}/messages/1`;
    if (index === 0) return `updated: ${(await client.patch(first, { message_content: 'updated' })).status}`;
    // Most PATCHes are invalid, because the database could not take so many valid ones. nginx repeats neither kind.
    if (index % 4 !== 0) return `refused: ${(await client.patch(first, { message_content: '' })).status}`;
    const { body } = await create(chat);
    return `read: ${(await client.get(`${chat}/messages/${body.message_number}`)).status}`;
  });
  expect(Object.keys(statuses).sort()).toEqual(['read: 200', 'refused: 422', 'updated: 200']);
}, 120_000);

test('restarting each worker fails no read of what was just created, because its partitions move in less than a second', async () => {
  const statuses = await statusesDuring(['worker-1', 'worker-2'], 8, async (chat) => {
    const created = await create(chat);
    const read = await client.get(`${chat}/messages/${created.body.message_number}`);
    return `${created.status} ${read.status}`;
  });
  expect(Object.keys(statuses)).toEqual(['201 200']);
}, 120_000);
