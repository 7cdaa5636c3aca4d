/**
 * Preloaded before the end-to-end tests, so that all of their files share one system. If DOCUMENTED_SEEN names a file,
 * the documented answers that were seen are appended to it.
 */
import { afterAll } from 'bun:test';
import { appendFileSync } from 'node:fs';
import { until } from '@parley/testing';
import { Client } from './client.ts';
import { openSystem, type System } from './system.ts';

let opened: Promise<{ system: System; client: Client }> | undefined;

/** Returns the client of the system under test. The first call starts the system. */
export async function e2e(): Promise<Client> {
  opened ??= openSystem().then(async (system) => ({ system, client: await Client.connect(system.url) }));
  return (await opened).client;
}

/** Creates an application with a chat that has the message `one`. Returns the client and their paths. */
export async function e2eChat(): Promise<{ client: Client; application: string; chat: string }> {
  const client = await e2e();
  const application = await client.application();
  const chat = await client.chat('Chat', application);
  await client.messages(chat, ['one']);
  await client.get(`${chat}/messages/1`);
  await counted(client, application, 1);
  await counted(client, chat, 1);
  return { client, application, chat };
}

/**
 * Waits until the API returns this count for an application or chat. A create is counted when it is stored: a moment
 * after it is accepted, and long before the counts are flushed into the rows.
 */
export function counted(client: Client, path: string, expected: number): Promise<void> {
  return until(
    `${path} counts ${expected}`,
    async () => {
      const { chats_count, messages_count } = (await client.get(path)).body;
      return (chats_count ?? messages_count) === expected;
    },
    5_000,
  );
}

export function noteDocumented(client: Pick<Client, 'documented'>): void {
  const file = process.env.DOCUMENTED_SEEN;
  if (file !== undefined) appendFileSync(file, [...client.documented.seen, ''].join('\n'));
}

afterAll(async () => {
  if (opened === undefined) return;
  const { system, client } = await opened;
  noteDocumented(client);
  await system.stop();
});
