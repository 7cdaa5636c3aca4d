/** Waits until nothing is on its way. Only then can what is stored be compared with what was acknowledged. */
import { until } from '@parley/testing';
import type { Client } from './client.ts';
import { SEARCH_ALIAS, withMysql } from './observe.ts';
import type { FaultStack } from './stack.ts';

/** The limit of each wait: enough to fill a new index on a busy machine. */
const QUIET_WITHIN_MS = 600_000;
const NO_CHAT = 9_999_999_999;

/**
 * The API says 404 about a missing chat only after a fence through the queue: all that was accepted before is stored
 * then. A row of `batches` is deleted when the batch is indexed and counted. @throws {TooLate} after 10 minutes
 */
export async function quiescence(stack: FaultStack, client: Client, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) {
    await until(
      `a fence through the partition of ${token}`,
      async () => {
        return (await client.get(`/api/applications/${token}/chats/${NO_CHAT}`)).status === 404;
      },
      QUIET_WITHIN_MS,
    );
  }
  await until(
    'all batches are indexed and counted',
    async () => {
      const [rows] = await withMysql(stack, (mysql) => mysql.query('SELECT COUNT(*) AS batches FROM batches'));
      return (rows as { batches: number }[])[0]?.batches === 0;
    },
    QUIET_WITHIN_MS,
  );
  await until(
    'the index is complete, and shows what it has',
    async () => {
      const response = await fetch(`${stack.urls.ELASTICSEARCH_URL}/${SEARCH_ALIAS}/_refresh`, { method: 'POST' });
      await response.body?.cancel();
      return response.ok;
    },
    QUIET_WITHIN_MS,
  );
}
