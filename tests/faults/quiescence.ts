/** When nothing is on its way any more: only then can what is stored be compared with what was acknowledged. */
import type { Client } from './client.ts';
import { SEARCH_ALIAS, withMysql } from './observe.ts';
import type { FaultStack } from './stack.ts';
import { until } from './wait.ts';

/** Enough to fill an index anew on a busy machine. What it took is reported. */
const QUIET_WITHIN_MS = 600_000;
const NO_CHAT = 9_999_999_999;

/**
 * The API knows that something is absent only after all that was accepted before it is stored (a fence). Every batch is
 * deleted when it is indexed and counted. @throws {TooLate}
 */
export async function quiescence(stack: FaultStack, client: Client, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) {
    await until(`a fence through the partition of ${token}`, QUIET_WITHIN_MS, async () => {
      return (await client.get(`/api/applications/${token}/chats/${NO_CHAT}`)).status === 404;
    });
  }
  await until('all batches are indexed and counted', QUIET_WITHIN_MS, async () => {
    const [rows] = await withMysql(stack, (mysql) => mysql.query('SELECT COUNT(*) AS batches FROM batches'));
    return (rows as { batches: number }[])[0]?.batches === 0;
  });
  await until('the index is complete, and shows what it has', QUIET_WITHIN_MS, async () => {
    const response = await fetch(`${stack.urls.ELASTICSEARCH_URL}/${SEARCH_ALIAS}/_refresh`, { method: 'POST' });
    await response.body?.cancel();
    return response.ok;
  });
}
