/** Which installation the environment names: the distributed system, or the data folder of a standalone. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { adminKeyConfig, readConfig } from '@parley/runtime';
import { workerConfig } from '@parley/worker/config';
import { Type } from 'typebox';
import { CommandFailed } from './command.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type Installation =
  | { readonly kind: 'distributed'; readonly config: ReturnType<typeof workerConfig> }
  | { readonly kind: 'standalone'; readonly dataDir: string; readonly ADMIN_KEY: string };

const standaloneSettings = Type.Object({ ...adminKeyConfig, DATA_DIR: Type.String({ default: 'data' }) });

/**
 * With MYSQL_URL it is the distributed system. Throws ConfigError for wrong variables, CommandFailed if neither is there:
 * a forgotten MYSQL_URL must not be taken for a new standalone.
 */
export function installationOf(env: Environment): Installation {
  if (env.MYSQL_URL || env.MYSQL_URL_FILE) return { kind: 'distributed', config: workerConfig(env) };
  const { DATA_DIR, ADMIN_KEY } = readConfig(standaloneSettings, env);
  const dataDir = resolve(DATA_DIR);
  if (!existsSync(join(dataDir, 'parley.db'))) {
    throw new CommandFailed(
      `There is nothing to work on: MYSQL_URL is not set, and the folder ${dataDir} (DATA_DIR) has no data of a standalone.`,
    );
  }
  return { kind: 'standalone', dataDir, ADMIN_KEY };
}
