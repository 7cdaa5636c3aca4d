import { afterAll } from 'bun:test';
import { appendFileSync } from 'node:fs';
import { until } from '@parley/testing';
import { Client } from './client.ts';
import { openSystem, type System } from './system.ts';

/**
 * Preloaded before the end-to-end tests: one system for all of their files. Which documented answers were seen is
 * appended to the file DOCUMENTED_SEEN, where it is given.
 */
let opened: Promise<{ system: System; client: Client }> | undefined;

/** The client of the system under test; starts the system at the first call. */
export async function e2e(): Promise<Client> {
  opened ??= openSystem().then(async (system) => ({ system, client: await Client.connect(system.url) }));
  return (await opened).client;
}

/**
 * Waits until an application or chat has this count: what was accepted is counted when it is stored, which is a moment
 * later, long before the flush of the counts.
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

export function noteDocumented(client: Client): void {
  const file = process.env.DOCUMENTED_SEEN;
  if (file !== undefined) appendFileSync(file, [...client.documented.seen, ''].join('\n'));
}

afterAll(async () => {
  if (opened === undefined) return;
  const { system, client } = await opened;
  noteDocumented(client);
  await system.stop();
});
