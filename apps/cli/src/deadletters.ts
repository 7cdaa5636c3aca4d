/** `bin/parley deadletters`: lists dead letters (events that could not be stored), or publishes them again. */
import { openMysql } from '@parley/mysql';
import { openRabbitmq } from '@parley/rabbitmq';
import { createLogger } from '@parley/runtime';
import type { workerConfig } from '@parley/worker/config';
import { DONE, readArguments, type Terminal, WrongUsage } from './command.ts';
import { installationOf } from './installation.ts';

const LISTED = 100;

const USAGE = `usage: bin/parley deadletters [list | replay] [LIMIT]

  list      the oldest ones, a JSON line each with reason, detail and content; without LIMIT a hundred
  replay    publishes them to their partitions again; without LIMIT all. Late ones stay.`;

export async function deadletters(args: readonly string[], terminal: Terminal): Promise<number> {
  const [command = 'list', limitText] = readArguments(args, USAGE, {}, 2).words;
  if (command !== 'list' && command !== 'replay') {
    throw new WrongUsage(`There is no command 'deadletters ${command}'.`, USAGE);
  }
  if (limitText !== undefined && !/^[1-9][0-9]{0,8}$/.test(limitText)) {
    throw new WrongUsage('LIMIT is a whole number above 0.', USAGE);
  }
  const limit = limitText === undefined ? undefined : Number(limitText);
  const installation = installationOf(process.env);
  if (installation.kind === 'standalone') {
    terminal.err('Nothing to do: a standalone has no dead letters; what it cannot store is in its log.');
    return DONE;
  }
  await withDeadLetters(installation.config, async (deadLetters) => {
    const waiting = await deadLetters.count();
    if (command === 'replay') {
      const replayed = await deadLetters.replay(limit ?? waiting);
      terminal.out(`${replayed} of ${waiting} dead letters published again; late ones stay`);
      return;
    }
    const letters = await deadLetters.list(limit ?? LISTED);
    for (const { reason, detail, content } of letters) {
      terminal.out(JSON.stringify({ reason, detail, content: String(content) }));
    }
    terminal.err(`${letters.length} of ${waiting} dead letters`);
  });
  return DONE;
}

type DeadLetters = ReturnType<typeof openRabbitmq>['deadLetters'];

async function withDeadLetters(
  config: ReturnType<typeof workerConfig>,
  use: (deadLetters: DeadLetters) => Promise<void>,
): Promise<void> {
  const { MYSQL_URL, RABBITMQ_URL, PARTITIONS: partitions } = config;
  // Logs only warnings: standard output is for the dead letters.
  const logger = createLogger('deadletters', 'warn');
  // Throws if PARTITIONS is not the recorded number: the command would skip letters of partitions beyond it.
  const mysql = openMysql({ url: MYSQL_URL, partitions, logger });
  await mysql.settlePartitions().finally(() => mysql.close());
  const rabbitmq = openRabbitmq({ url: RABBITMQ_URL, partitions, logger });
  try {
    await rabbitmq.start();
    await use(rabbitmq.deadLetters);
  } finally {
    await rabbitmq.close();
  }
}
