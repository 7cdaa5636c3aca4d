/** Waits until nothing is on its way. Only then can what is stored be compared with what was acknowledged. */
import { until } from '@parley/testing';
import type { Client } from './client.ts';
import { SEARCH_ALIAS, withMysql } from './observe.ts';
import type { FaultStack } from './stack.ts';

/** The limit of each wait: enough to fill a new index on a busy machine. */
const QUIET_WITHIN_MS = 600_000;
const NO_CHAT = 9_999_999_999;
const WAITING = `SELECT (SELECT COUNT(*) FROM purges) + COUNT(*) AS waiting FROM batches AS b
  JOIN partitions AS p ON p.partition_number = b.partition_number
  WHERE b.indexed = 0 OR b.generation > p.flushed OR b.seq > p.activity`;

/**
 * The API says 404 about a missing chat only after a fence through the queue: all that was accepted before is stored
 * then. @throws {TooLate} after 10 minutes
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
    'what was deleted is removed, and all batches are indexed, counted and in the inbox',
    async () => {
      const [rows] = await withMysql(stack, (mysql) => mysql.query(WAITING));
      return Number((rows as { waiting: number }[])[0]?.waiting) === 0;
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
