/**
 * The measured system: a native stack of its own, with one instance of each app. Its ports are below the range from
 * which Linux takes ports for outgoing connections, because a load opens many of these.
 */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type App, appEnvironment } from '@parley/stack/apps';
import type { ProcessStatus } from '@parley/stack/commands';
import { mysqlSocket } from '@parley/stack/servers/mysql';
import { readSettings, type Settings } from '@parley/stack/settings';
import { connectionUrls, migrationUrl } from '@parley/stack/urls';
import { CORES } from './measure/processes.ts';

export const REPOSITORY = resolve(import.meta.dir, '..');
/** One partition for each core, at least two, as docs/scaling.md recommends for a machine of this size. */
export const PARTITIONS = Number(process.env.BENCH_PARTITIONS ?? Math.max(2, CORES));

const ENVIRONMENT = {
  STACK_DIR: process.env.BENCH_STACK_DIR ?? join(process.env.TMPDIR ?? tmpdir(), 'parley-bench-stack'),
  ...{ PORT: '17080', NGINX_STATUS_PORT: '17081', REDIS_PORT: '17379', RABBITMQ_PORT: '17672' },
  ...{ RABBITMQ_DIST_PORT: '17772', EPMD_PORT: '17369', MYSQL_PORT: '17306', ELASTICSEARCH_PORT: '17200' },
  ...{ ELASTICSEARCH_TRANSPORT_PORT: '17210', INGEST_PORT: '17100', API_PORT: '17110', WORKER_PORT: '17120' },
  ...{ INGESTS: '1', APIS: '1', WORKERS: '1', PARTITIONS: String(PARTITIONS), LOG_LEVEL: 'warn' },
};

export class BenchStack {
  readonly #settings = readSettings(ENVIRONMENT, REPOSITORY);
  readonly servers = serversOf(this.#settings);
  readonly ingest = `http://127.0.0.1:${this.#settings.ports.ingest}`;
  readonly api = `http://127.0.0.1:${this.#settings.ports.api}`;
  readonly worker = `http://127.0.0.1:${this.#settings.ports.worker}`;
  readonly nginx = `http://127.0.0.1:${this.#settings.ports.nginx}`;
  readonly stateDir = this.#settings.stateDir;
  /** Pids by program, without the instance's number: `worker`, not `worker-1`. */
  pids: ReadonlyMap<string, number> = new Map();

  /** Starts a stack without data, after it has stopped and removed what an interrupted run left. */
  static async up(): Promise<BenchStack> {
    const stack = new BenchStack();
    await stack.command('down');
    await rm(stack.stateDir, { recursive: true, force: true });
    await stack.command('up');
    await stack.#lookUpPids();
    return stack;
  }

  async down(): Promise<void> {
    await this.command('down');
    await rm(this.stateDir, { recursive: true, force: true });
  }

  async start(...names: string[]): Promise<void> {
    await this.command('start', ...names);
    await this.#lookUpPids();
  }

  async stop(...names: string[]): Promise<void> {
    await this.command('stop', ...names);
    await this.#lookUpPids();
  }

  async #lookUpPids(): Promise<void> {
    const all = JSON.parse(await this.command('status', '--json')) as ProcessStatus[];
    this.pids = new Map(all.flatMap(({ name, pid }) => (pid === null ? [] : [[name.replace(/-\d+$/, ''), pid]])));
  }

  /** Returns the environment of one more instance of an app. */
  appEnvironment(app: App, port: number): Record<string, string> {
    return appEnvironment(this.#settings, app, port);
  }

  /** Runs bin/stack with this stack's settings. @returns its output @throws with its output, if it fails */
  async command(...args: string[]): Promise<string> {
    const child = Bun.spawn([join(REPOSITORY, 'bin/stack'), ...args], {
      env: { ...process.env, ...ENVIRONMENT },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [output, errors, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    // `status` fails if a program is not ready, but prints what is wanted.
    if (code !== 0 && args[0] !== 'status') throw new Error(`bin/stack ${args.join(' ')}: ${errors || output}`);
    return output;
  }
}

function serversOf(settings: Settings) {
  const { REDIS_URL = '', RABBITMQ_URL = '', ELASTICSEARCH_URL = '' } = connectionUrls(settings.ports);
  return {
    redis: REDIS_URL,
    rabbitmq: RABBITMQ_URL,
    /** The address for the user who may create tables: the benchmarks have tables of their own. */
    mysql: migrationUrl(settings.ports),
    /** The MySQL socket on which root logs in. */
    mysqlSocket: mysqlSocket(settings),
    elasticsearch: ELASTICSEARCH_URL,
  };
}
