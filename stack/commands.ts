/** The commands of the native stack. A command that changes something runs under the stack's lock. */
import { mkdirSync, readdirSync } from 'node:fs';
import { appServices, ensureDependencies } from './apps.ts';
import { insideRootfs } from './chroot.ts';
import { install } from './install/install.ts';
import { withLock } from './lock.ts';
import { nginxService } from './nginx.ts';
import { isReady } from './probe.ts';
import { isAlive } from './process.ts';
import { serverServices } from './servers/index.ts';
import { mysqlSocket } from './servers/mysql.ts';
import { rabbitmqEnvironment } from './servers/rabbitmq.ts';
import type { Service } from './service.ts';
import { openModeNote, type Settings, Unusable } from './settings.ts';
import { logFileOf } from './state-folder.ts';
import { Supervisor } from './supervise.ts';
import { connectionUrls, migrationUrl } from './urls.ts';

const LOG_LINES_SHOWN = 100;

export async function up(settings: Settings, serversOnly: boolean): Promise<void> {
  const startedAt = performance.now();
  mkdirSync(settings.stateDir, { recursive: true });
  await underLock(settings, async () => {
    const supervisor = new Supervisor(settings.stateDir);
    const { servers, apps, nginx } = await allServices(settings);
    if (serversOnly) {
      await supervisor.up(servers);
      return;
    }
    const wanted = new Set([...servers, ...apps, nginx].map(({ name }) => name));
    await supervisor.down(({ name }) => !wanted.has(name));
    await Promise.all([supervisor.up(servers), ensureDependencies(settings.repository)]);
    // Workers first, as in an upgrade: they must know what newer ingests write before it is written.
    const isWorker = ({ name }: Service) => name.startsWith('worker-');
    await supervisor.up(apps.filter(isWorker));
    await supervisor.up(apps.filter((app) => !isWorker(app)));
    await supervisor.up([nginx]);
  });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const where = serversOnly ? 'The servers are' : `Parley is ready on ${addressOf(settings)}; all of it is`;
  console.log(`${where} up (${seconds} s). State and logs: ${settings.stateDir}`);
  const note = serversOnly ? undefined : openModeNote(settings);
  if (note !== undefined) console.log(note);
}

function addressOf({ ports, tls }: Settings): string {
  return tls === undefined ? `http://localhost:${ports.nginx}` : `https://localhost:${tls.port}`;
}

/** Starts these services and those that their `needs` name, and waits until they are ready. Checks no others. */
export async function start(settings: Settings, names: readonly string[]): Promise<void> {
  const { servers, apps, nginx } = await allServices(settings);
  const services = [...servers, ...apps, nginx];
  refuseUnknown(names, services);
  const needed = services.filter(({ name }) => names.includes(name)).flatMap(({ needs = [] }) => needs);
  const chosen = services.filter(({ name }) => names.includes(name) || needed.includes(name));
  await underLock(settings, () => new Supervisor(settings.stateDir).up(chosen));
}

/** Stops these services only, in stop order. Ignores those that are not running. */
export async function stop(settings: Settings, names: readonly string[]): Promise<void> {
  const { servers, apps, nginx } = await allServices(settings);
  refuseUnknown(names, [...servers, ...apps, nginx]);
  await underLock(settings, () => new Supervisor(settings.stateDir).down(({ name }) => names.includes(name)));
}

async function allServices(settings: Settings): Promise<{ servers: Service[]; apps: Service[]; nginx: Service }> {
  const context = { settings, installation: await install(settings) };
  return { servers: serverServices(context), apps: appServices(settings), nginx: nginxService(context) };
}

function refuseUnknown(names: readonly string[], services: readonly Service[]): void {
  const known = services.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Unusable(`There is no '${unknown}'. There are: ${known.join(', ')}.`);
}

export async function down(settings: Settings): Promise<void> {
  await underLock(settings, () => new Supervisor(settings.stateDir).down());
}

export interface ProcessStatus {
  readonly name: string;
  /** null if the process no longer runs. */
  readonly pid: number | null;
  readonly port: number;
  readonly ready: boolean;
}

export async function status(settings: Settings): Promise<ProcessStatus[]> {
  const { records } = new Supervisor(settings.stateDir);
  return Promise.all(
    records.all().map(async (record) => {
      const alive = isAlive(record);
      const ready = alive && (await isReady(record.name, record.port));
      return { name: record.name, pid: alive ? record.pid : null, port: record.port, ready };
    }),
  );
}

/** Prints the end of one log or of all; with `follow`, goes on until Ctrl-C. @returns the exit code */
export async function logs(settings: Settings, name: string | undefined, follow: boolean): Promise<number> {
  const names = logNames(settings.stateDir);
  if (names.length === 0) throw new Unusable(`There are no logs in ${settings.stateDir}: nothing was started yet.`);
  if (name !== undefined && !names.includes(name)) {
    throw new Unusable(`There is no log '${name}'. There are: ${names.join(', ')}.`);
  }
  const files = (name === undefined ? names : [name]).map((each) => logFileOf(settings.stateDir, each));
  const tail = ['tail', '-n', String(LOG_LINES_SHOWN), ...(follow ? ['-F'] : []), ...files];
  return Bun.spawn(tail, { stdio: ['inherit', 'inherit', 'inherit'] }).exited;
}

function logNames(stateDir: string): string[] {
  try {
    return readdirSync(`${stateDir}/logs`)
      .filter((file) => file.endsWith('.log'))
      .map((file) => file.slice(0, -'.log'.length))
      .sort();
  } catch {
    return [];
  }
}

/** Runs a tool of the servers, such as rabbitmqctl or redis-cli, with this stack's files. @returns the exit code */
export async function execute(settings: Settings, command: readonly string[]): Promise<number> {
  const installation = await install(settings);
  // Debian's rabbitmqctl only runs as RabbitMQ's own user; with this PATH the original is found, which runs as any
  // user.
  const environment = rabbitmqEnvironment(settings);
  return Bun.spawn(insideRootfs(installation, settings.stateDir, command), {
    env: { ...environment, PATH: `/usr/lib/rabbitmq/bin:${environment.PATH}`, TERM: process.env.TERM },
    stdio: ['inherit', 'inherit', 'inherit'],
  }).exited;
}

/**
 * Returns lines NAME=value for a shell: the servers' addresses, named as the worker's variables, and more for tests.
 */
export function serverUrls(settings: Settings): string {
  const metrics = settings.ports.rabbitmqMetrics;
  const variables = {
    ...connectionUrls(settings.ports),
    MYSQL_MIGRATION_URL: migrationUrl(settings.ports),
    MYSQL_SOCKET: mysqlSocket(settings),
    ...(metrics !== undefined && { RABBITMQ_METRICS_URL: `http://127.0.0.1:${metrics}/metrics` }),
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

async function underLock(settings: Settings, work: () => Promise<void>): Promise<void> {
  const waiting = (): void => console.log(`Waiting for another 'bin/stack' on ${settings.stateDir} to end`);
  await withLock(`${settings.stateDir}/lock`, work, waiting);
}
