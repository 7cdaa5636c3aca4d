import { openMysql } from '@parley/mysql';
import { openRabbitmq } from '@parley/rabbitmq';
import { createLogger } from '@parley/runtime';
import { workerConfig } from '../config.ts';

/**
 * `bun run deadletters [list|replay] [limit]`: shows what could not be stored and why, or sends it through its partition
 * once more.
 */
const LIMIT = 100;

const [command = 'list', limitText = String(LIMIT)] = process.argv.slice(2);
const limit = Number(limitText);
if (!['list', 'replay'].includes(command) || !(limit > 0)) {
  console.error('usage: bun run deadletters [list|replay] [limit]');
  process.exit(2);
}
const { MYSQL_URL, RABBITMQ_URL, PARTITIONS, LOG_LEVEL } = workerConfig(process.env);
const logger = createLogger('deadletters', LOG_LEVEL);
// With another number of partitions than the system has, it would not know where some letters belong.
const mysql = openMysql({ url: MYSQL_URL, logger });
await mysql.settlePartitions(PARTITIONS);
await mysql.close();
const rabbitmq = openRabbitmq({ url: RABBITMQ_URL, partitions: PARTITIONS, logger });
await rabbitmq.start();
if (command === 'replay') console.log(`${await rabbitmq.deadLetters.replay(limit)} published again`);
else {
  const letters = await rabbitmq.deadLetters.list(limit);
  for (const { reason, detail, content } of letters)
    console.log(JSON.stringify({ reason, detail, content: String(content) }));
  console.error(`${letters.length} of ${await rabbitmq.deadLetters.count()} dead letters`);
}
await rabbitmq.close();
