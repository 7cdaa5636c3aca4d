import { openMysql } from '@parley/mysql';
import { openRabbitmq } from '@parley/rabbitmq';
import { createLogger } from '@parley/runtime';
import { workerConfig } from '../config.ts';

/**
 * `bun run deadletters [list|replay] [limit]`: shows what could not be stored and why, or sends it through its partition
 * once more. Without a limit, `list` shows the oldest hundred, `replay` takes all that are there.
 */
const LISTED = 100;

const [command = 'list', limitText] = process.argv.slice(2);
if (!['list', 'replay'].includes(command) || (limitText !== undefined && !(Number(limitText) > 0))) {
  console.error('usage: bun run deadletters [list|replay] [limit]');
  process.exit(2);
}
const { MYSQL_URL, RABBITMQ_URL, PARTITIONS } = workerConfig(process.env);
// Standard output is for the letters.
const logger = createLogger('deadletters', 'warn');
// With another number of partitions than the system has, it would not know where some letters belong.
const mysql = openMysql({ url: MYSQL_URL, partitions: PARTITIONS, logger });
await mysql.settlePartitions();
await mysql.close();
const rabbitmq = openRabbitmq({ url: RABBITMQ_URL, partitions: PARTITIONS, logger });
await rabbitmq.start();
const { deadLetters } = rabbitmq;
const waiting = await deadLetters.count();
if (command === 'replay') {
  const replayed = await deadLetters.replay(Number(limitText ?? waiting));
  console.log(`${replayed} of ${waiting} dead letters published again; late ones stay`);
} else {
  const letters = await deadLetters.list(Number(limitText ?? LISTED));
  for (const { reason, detail, content } of letters)
    console.log(JSON.stringify({ reason, detail, content: String(content) }));
  console.error(`${letters.length} of ${waiting} dead letters`);
}
await rabbitmq.close();
