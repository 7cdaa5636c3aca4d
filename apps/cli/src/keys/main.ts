/** `bin/parley keys` from the command line: finds the installation and opens what the command needs. */
import { type AccessHint, Unavailable } from '@parley/domain';
import { DataDirInUse, openEmbedded } from '@parley/embedded';
import { rotateSigningKey } from '@parley/http';
import { openMysql } from '@parley/mysql';
import { openRedis, redisServers } from '@parley/redis';
import { adminKeysOf, within } from '@parley/runtime';
import type { workerConfig } from '@parley/worker/config';
import { CommandFailed, type Terminal } from '../command.ts';
import { installationOf } from '../installation.ts';
import { askStandalone, whyNotAsked } from '../socket.ts';
import { type KeysAsked, readKeysArguments } from './arguments.ts';
import { runKeys } from './command.ts';

const REDIS_WITHIN_MS = 3_000;

export async function keys(args: readonly string[], terminal: Terminal): Promise<number> {
  const asked = readKeysArguments(args);
  const installation = installationOf(process.env);
  if (installation.kind === 'distributed') return ofSystem(asked, installation.config, terminal);
  const { dataDir } = installation;
  const input = 'key' in asked && asked.key === '-' ? await terminal.input() : '';
  const code = await askStandalone(dataDir, { args, input }, terminal);
  if (code !== undefined) return code;
  return ofFolder(asked, dataDir, adminKeysOf({ ADMIN_KEY: installation.adminKeys }), {
    ...terminal,
    input: async () => input,
  });
}

async function ofSystem(
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
    const rotate = () => rotateSigningKey(mysql.keys);
    return await runKeys(
      asked,
      { keys: mysql.keys, store: mysql.store, rotate, tell, adminKeys: adminKeysOf(config) },
      terminal,
    );
  } finally {
    await redis.close();
    await mysql.close();
  }
}

/** Nothing runs on the folder: nobody needs to be told. */
async function ofFolder(
  asked: KeysAsked,
  dataDir: string,
  adminKeys: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const embedded = open(dataDir);
  try {
    const { keys, store } = embedded;
    const rotate = () => rotateSigningKey(keys);
    return await runKeys(asked, { keys, store, rotate, tell: async () => {}, adminKeys }, terminal);
  } finally {
    await embedded.close();
  }
}

function open(dataDir: string) {
  try {
    return openEmbedded({ dataDir });
  } catch (error) {
    if (!(error instanceof DataDirInUse)) throw error;
    throw new CommandFailed(`${error.message} ${whyNotAsked(dataDir)}`);
  }
}
