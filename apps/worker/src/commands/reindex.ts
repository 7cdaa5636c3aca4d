/**
 * `bun run reindex`: builds a new search index from the store and then drops the old one. Searches and creates go on
 * meanwhile. It may be interrupted and started again.
 */
import { openElasticsearch } from '@parley/elasticsearch';
import { openMysql } from '@parley/mysql';
import { createLogger } from '@parley/runtime';
import { workerConfig } from '../config.ts';
import { SearchUpkeep } from '../search-upkeep.ts';

const BAR_WIDTH = 30;
const TRY_AGAIN_MS = 1_000;
const TRIES = 60;

const { MYSQL_URL, ELASTICSEARCH_URL, INDEX_SHARDS, PARTITIONS, LOG_LEVEL } = workerConfig(process.env);
const logger = createLogger('reindex', LOG_LEVEL);
const { ledger, close } = openMysql({ url: MYSQL_URL, partitions: PARTITIONS, logger });
const engine = openElasticsearch({ url: ELASTICSEARCH_URL, shards: INDEX_SHARDS, logger });
const total = await engine.admin.count().catch(() => 0);
const upkeep = new SearchUpkeep({ engine, ledger, logger });
let name = await upkeep.rebuild({ anew: true }, show);
for (let tries = 1; name === undefined && tries < TRIES; tries += 1) {
  if (tries === 1) process.stdout.write('Another process is building a search index: waiting for it.\n');
  await Bun.sleep(TRY_AGAIN_MS);
  name = await upkeep.rebuild({ anew: true }, show);
}
if (name === undefined) {
  console.error('Another process is still building one: try again when it is done.');
  process.exitCode = 1;
} else process.stdout.write(`\nSearches read ${name} now.\n`);
await engine.close();
await close();

/** Shows the progress. The total is the old index's number of documents. */
function show(documents: number): void {
  const part = total === 0 ? 1 : Math.min(1, documents / total);
  const bar = '█'.repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, '·');
  process.stdout.write(`\r${bar} ${Math.round(part * 100)} % ${documents} documents`);
}
