/**
 * The system in which the faults happen: a native stack on its own ports, two instances of each app, and proxies
 * between apps and servers. Only processes that this stack started are ever stopped or killed.
 */

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { withLock } from '@parley/stack/lock';
import { isAlive, type ProcessRecord, Records } from '@parley/stack/process';
import { mysqlSocket } from '@parley/stack/servers/mysql';
import { readSettings, type Settings } from '@parley/stack/settings';
import { connectionUrls } from '@parley/stack/urls';
import { until } from '@parley/testing';
import { Proxies, type ProxyName } from './proxies.ts';

const REPOSITORY = resolve(import.meta.dir, '../..');
export const PARTITIONS = 8;
/** Counts are summed every 3 s, not every minute, so that a run need not wait for it. */
const FLUSH_PATTERN = '*/3 * * * * *';

const ENVIRONMENT = {
  STACK_DIR: process.env.FAULT_STACK_DIR ?? join(process.env.TMPDIR ?? tmpdir(), 'parley-fault-stack'),
  ...{ PORT: '14080', NGINX_STATUS_PORT: '14081', REDIS_PORT: '14379', RABBITMQ_PORT: '14672' },
  ...{ RABBITMQ_DIST_PORT: '14772', EPMD_PORT: '14369', MYSQL_PORT: '14306', ELASTICSEARCH_PORT: '14200' },
  ...{ ELASTICSEARCH_TRANSPORT_PORT: '14300', INGEST_PORT: '14100', API_PORT: '14110', WORKER_PORT: '14120' },
  ...{ REDIS_APP_PORT: '15379', RABBITMQ_APP_PORT: '15672', MYSQL_APP_PORT: '15306' },
  ELASTICSEARCH_APP_PORT: '15200',
  ...{ INGESTS: '2', APIS: '2', WORKERS: '2', PARTITIONS: String(PARTITIONS) },
  FLUSH_PATTERN,
};

export const APPS = ['ingest-1', 'ingest-2', 'api-1', 'api-2', 'worker-1', 'worker-2'] as const;
export type AppName = (typeof APPS)[number];
export type ProgramName = AppName | ProxyName | 'nginx' | 'epmd';

export class FaultStack {
  readonly settings: Settings = readSettings(ENVIRONMENT, REPOSITORY);
  readonly proxies = new Proxies();
  /** The URLs of the servers themselves, without the proxies. */
  readonly urls = connectionUrls(this.settings.ports);
  /** MySQL's socket, for root. */
  readonly mysqlSocket = mysqlSocket(this.settings);
  readonly url = `http://127.0.0.1:${this.settings.ports.nginx}`;
  /** An admin key, once keys are on. */
  adminKey: string | undefined;
  /** Further environment variables of the apps. */
  #appEnvironment: Readonly<Record<string, string>> = {};
  /** Whether the stack was taken down: code that still runs must not start anything again. */
  #ended = false;
  #release: () => void = () => {};
  readonly #records = new Records(`${this.settings.stateDir}/run`);

  /** Starts a stack without data. First stops and removes what an interrupted run left. */
  static async up(): Promise<FaultStack> {
    const stack = new FaultStack();
    await stack.#takeTurn();
    const { ports, appPorts, stateDir } = stack.settings;
    if (existsSync(stateDir)) await stack.command('down');
    await rm(stateDir, { recursive: true, force: true });
    for (const name of ['redis', 'rabbitmq', 'mysql', 'elasticsearch'] as const)
      await stack.proxies.open(name, appPorts[name], ports[name]);
    await stack.command('up');
    return stack;
  }

  /** Stops everything. `keepFiles` keeps the state folder with the logs. */
  async down(keepFiles: boolean): Promise<void> {
    this.#ended = true;
    await this.command('down');
    await this.proxies.close();
    if (!keepFiles) await rm(this.settings.stateDir, { recursive: true, force: true });
    this.#release();
  }

  /** Waits for a lock: a second run on the machine would stop this run's processes as leftovers. */
  async #takeTurn(): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    this.#release = ended.resolve;
    const hold = (): Promise<void> => {
      begun.resolve();
      return ended.promise;
    };
    const waiting = (): void => console.error('Waiting for another run of the faults on this machine to end');
    withLock(join(tmpdir(), 'parley-faults.lock'), hold, waiting).catch(begun.reject);
    await begun.promise;
  }

  /** Restarts the apps with these variables beside their usual ones. */
  async restartAppsWith(variables: Readonly<Record<string, string>>): Promise<void> {
    this.#appEnvironment = variables;
    await this.command('up');
  }

  /** Turns keys on: restarts the apps with an admin key. The mode stays with the data. */
  async useKeys(): Promise<void> {
    this.adminKey = `the-admin-key-of-the-faults-${crypto.randomUUID()}`;
    await this.command('up');
  }

  /** Starts programs. Tries twice: a slow start on a busy machine is no finding. */
  start = (...names: ProgramName[]): Promise<string> =>
    this.command('start', ...names).catch(() => this.command('start', ...names));
  /** Stops programs like an operator: SIGTERM, then SIGKILL if that does not help. */
  stop = (...names: ProgramName[]): Promise<string> => this.command('stop', ...names);

  record(name: ProgramName): ProcessRecord | undefined {
    return this.#records.find(name);
  }

  isRunning(name: ProgramName): boolean {
    const record = this.record(name);
    return record !== undefined && isAlive(record);
  }

  /** Signals a program. @throws if it does not run: a fault that hits nothing shows nothing */
  signal(name: ProgramName, signal: NodeJS.Signals): void {
    const record = this.record(name);
    if (record === undefined || !isAlive(record)) throw new Error(`${name} does not run`);
    process.kill(record.pid, signal);
  }

  /** The local ports of a program's TCP connections. */
  portsOf(name: ProgramName): number[] {
    const folder = `/proc/${this.record(name)?.pid}/fd`;
    const inodes = new Set<string>();
    for (const file of readdirSync(folder)) {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${file}`))?.[1];
        if (inode !== undefined) inodes.add(inode);
      } catch {
        // The file descriptor was closed after it was listed.
      }
    }
    const lines = ['tcp', 'tcp6'].flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1));
    const sockets = lines.map((line) => line.trim().split(/\s+/));
    const own = sockets.filter(([, , , , , , , , , inode = '']) => inodes.has(inode));
    return own.map(([, local = '']) => Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16));
  }

  /** kill -9, and wait until the program is gone. */
  async kill(name: ProgramName): Promise<void> {
    this.signal(name, 'SIGKILL');
    await until(`${name} is gone`, () => !this.isRunning(name));
  }

  /** Runs a server's tool, such as redis-cli, and returns its output. */
  exec = (...command: string[]): Promise<string> => this.command('exec', ...command);

  async residentMb(name: ProgramName): Promise<number> {
    const status = await Bun.file(`/proc/${this.record(name)?.pid}/status`).text();
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024);
  }

  /** Runs bin/stack with this stack's settings. @returns its output @throws an error with its output if it fails */
  async command(...args: string[]): Promise<string> {
    if (this.#ended && args[0] !== 'down') throw new Error('the system was taken down');
    const passed = ['FLUSH_PATTERN', 'ADMIN_KEY', ...Object.keys(this.#appEnvironment)];
    const keys = { ADMIN_KEY: this.adminKey };
    const child = Bun.spawn([join(REPOSITORY, 'bin/stack'), ...args], {
      env: { ...process.env, ...ENVIRONMENT, ...keys, ...this.#appEnvironment, STACK_PASS: passed.join(',') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [output, errors, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    if (code !== 0) throw new Error(`bin/stack ${args.join(' ')}: ${errors.trim() || output.trim()}`);
    return output;
  }
}
