/** `bin/parley keys` on the distributed system. */
import { type AccessHint, Unavailable } from '@parley/domain';
import { rotateSigningKey } from '@parley/http';
import { openMysql } from '@parley/mysql';
import { openRedis, redisServers } from '@parley/redis';
import { adminKeysOf, within } from '@parley/runtime';
import type { workerConfig } from '@parley/worker/config';
import type { Terminal } from '../command.ts';
import type { KeysAsked } from './arguments.ts';
import { runKeys } from './command.ts';

const REDIS_WITHIN_MS = 3_000;

export async function onSystem(
  asked: KeysAsked,
  config: ReturnType<typeof workerConfig>,
  terminal: Terminal,
): Promise<number> {
  const { MYSQL_URL: url, PARTITIONS: partitions, REDIS_URL } = config;
  const mysql = openMysql({ url, partitions });
  const redis = openRedis({ servers: redisServers(REDIS_URL), partitions });
  const away = () => new Unavailable('numbers', 'Redis was not reached.');
  const tell = async (hint: AccessHint) => {
    await within(redis.ready(), REDIS_WITHIN_MS, away);
    await redis.hints.tell(hint);
  };
  try {
    await mysql.settlePartitions();
    const { keys, store } = mysql;
    const rotate = (endsOthers: boolean) => rotateSigningKey(keys, { endsOthers });
    return await runKeys(asked, { keys, store, rotate, tell, adminKeys: adminKeysOf(config) }, terminal);
  } finally {
    await redis.close();
    await mysql.close();
  }
}
