/** `bin/parley reindex`: builds a new search index from the store and then drops the old one. */
import { openElasticsearch } from '@parley/elasticsearch';
import { openMysql } from '@parley/mysql';
import { createLogger } from '@parley/runtime';
import { SearchUpkeep } from '@parley/worker';
import type { workerConfig } from '@parley/worker/config';
import { CommandFailed, DONE, readArguments, type Terminal } from './command.ts';
import { installationOf } from './installation.ts';

const BAR_WIDTH = 30;
const TRY_AGAIN_MS = 1_000;
const TRIES = 60;

const USAGE = `usage: bin/parley reindex

Builds a new search index from the store, with INDEX_SHARDS shards, and then drops the old one. Searches and creates go
on meanwhile. It may be interrupted and started again.`;

export async function reindex(args: readonly string[], terminal: Terminal): Promise<number> {
  readArguments(args, USAGE, {});
  const installation = installationOf(process.env);
  if (installation.kind === 'standalone') {
    terminal.out('Nothing to do: the standalone searches its own database, and keeps that in order by itself.');
    return DONE;
  }
  await rebuild(installation.config);
  return DONE;
}

async function rebuild(config: ReturnType<typeof workerConfig>): Promise<void> {
  const { MYSQL_URL, ELASTICSEARCH_URL, INDEX_SHARDS, PARTITIONS, LOG_LEVEL } = config;
  const logger = createLogger('reindex', LOG_LEVEL);
  const { ledger, settlePartitions, close } = openMysql({ url: MYSQL_URL, partitions: PARTITIONS, logger });
  const engine = openElasticsearch({ url: ELASTICSEARCH_URL, shards: INDEX_SHARDS, logger });
  try {
    // With another number it would look for the messages in wrong partitions, and find few.
    await settlePartitions();
    const total = await engine.admin.count().catch(() => 0);
    const upkeep = new SearchUpkeep({ engine, ledger, logger });
    const show = (documents: number) => showProgress(documents, total);
    let name = await upkeep.rebuild({ anew: true }, show);
    for (let tries = 1; name === undefined && tries < TRIES; tries += 1) {
      if (tries === 1) process.stdout.write('Another process is building a search index: waiting for it.\n');
      await Bun.sleep(TRY_AGAIN_MS);
      name = await upkeep.rebuild({ anew: true }, show);
    }
    if (name === undefined) {
      throw new CommandFailed('Another process is still building one: try again when it is done.');
    }
    process.stdout.write(`\nSearches read ${name} now.\n`);
  } finally {
    await engine.close();
    await close();
  }
}

/** `total`: the old index's number of documents. */
function showProgress(documents: number, total: number): void {
  const part = total === 0 ? 1 : Math.min(1, documents / total);
  const bar = '█'.repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, '·');
  process.stdout.write(`\r${bar} ${Math.round(part * 100)} % ${documents} documents`);
}
