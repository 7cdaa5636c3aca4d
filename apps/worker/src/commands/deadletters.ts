/**
 * `bun run deadletters [list|replay] [limit]`: lists dead letters (events that could not be stored) with the reason, or
 * publishes them to their partitions again. Without a limit, `list` shows the oldest hundred and `replay` takes all.
 */
import { openMysql } from '@parley/mysql';
import { openRabbitmq } from '@parley/rabbitmq';
import { createLogger } from '@parley/runtime';
import { workerConfig } from '../config.ts';

const LISTED = 100;

const [command = 'list', limitText] = process.argv.slice(2);
if (!['list', 'replay'].includes(command) || (limitText !== undefined && !(Number(limitText) > 0))) {
  console.error('usage: bun run deadletters [list|replay] [limit]');
  process.exit(2);
}
const { MYSQL_URL, RABBITMQ_URL, PARTITIONS } = workerConfig(process.env);
// Logs only warnings: standard output is for the dead letters.
const logger = createLogger('deadletters', 'warn');
// Throws if PARTITIONS is not the recorded number: the command would skip letters of partitions beyond it.
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
