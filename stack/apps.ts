/**
 * The services ingest, api and worker, in as many instances as the settings say. They run straight from the sources.
 */
import { existsSync } from 'node:fs';
import { run } from './run.ts';
import { type Service, StopOrder } from './service.ts';
import { type Settings, Unusable } from './settings.ts';
import { connectionUrls, migrationUrl } from './urls.ts';

const STOP_ORDERS = { ingest: StopOrder.Creating, api: StopOrder.Creating, worker: StopOrder.Worker } as const;
export type App = keyof typeof STOP_ORDERS;
const APPS = Object.keys(STOP_ORDERS) as App[];

export function appServices(settings: Settings): Service[] {
  return APPS.flatMap((app) =>
    Array.from({ length: settings.instances[app] }, (_, index) => appService(settings, app, index)),
  );
}

function appService(settings: Settings, app: App, index: number): Service {
  const port = settings.ports[app] + index;
  const main = `apps/${app}/src/main.ts`;
  return {
    name: `${app}-${index + 1}`,
    port,
    stopOrder: STOP_ORDERS[app],
    command: [process.execPath, main],
    env: {
      // A fixed PATH: ours differs from shell to shell, and each change would restart the app.
      PATH: '/usr/local/bin:/usr/bin:/bin',
      NODE_ENV: 'production',
      ...settings.appEnvironment,
      ...appEnvironment(settings, app, port),
    },
    cwd: settings.repository,
    configuration: '',
    prepare: async () => {
      if (!existsSync(`${settings.repository}/${main}`)) throw new Unusable(`There is no ${main} to start.`);
    },
  };
}

/**
 * The memory that Bun assumes the machine to have: with more, it collects garbage later. Not a limit. This value saves
 * a quarter of the memory at full load, for no measurable CPU.
 */
export const ASSUMED_MEMORY_BYTES = 512 * 1024 * 1024;

/** Returns an app's environment variables. docker-compose.yml has the same, and a test compares them. */
export function appEnvironment(settings: Settings, app: App, port: number): Record<string, string> {
  return {
    PORT: String(port),
    HOST: '127.0.0.1',
    ...connectionUrls(settings.appPorts),
    ...settings.adminKey,
    ...(app !== 'worker' && { CORS_ORIGINS: settings.corsOrigins, ...settings.limits }),
    ...(app === 'api' && { PUBLIC_URL: settings.publicUrl }),
    ...(app === 'worker' && {
      MYSQL_MIGRATION_URL: migrationUrl(settings.appPorts),
      INDEX_SHARDS: String(settings.indexShards),
    }),
    PARTITIONS: String(settings.partitions),
    LOG_LEVEL: settings.logLevel,
    BUN_JSC_forceRAMSize: String(ASSUMED_MEMORY_BYTES),
  };
}

/** Installs the apps' dependencies if the checkout has none yet. */
export async function ensureDependencies(repository: string): Promise<void> {
  if (existsSync(`${repository}/node_modules`)) return;
  console.log('Installing the dependencies (bun install)');
  await run([process.execPath, 'install', '--frozen-lockfile'], { cwd: repository });
}
