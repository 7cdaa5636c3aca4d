/** A stack of bin/stack for one test file, with one instance of each app, beside all other stacks of this machine. */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type ProcessRecord, Records } from '@parley/stack/process';
import { mysqlSocket } from '@parley/stack/servers/mysql';
import { readSettings } from '@parley/stack/settings';
import { type Connection, createConnection } from 'mysql2/promise';

const REPOSITORY = resolve(import.meta.dir, '../..');
const PORTS = {
  ...{ PORT: '12080', NGINX_STATUS_PORT: '12081', INGEST_PORT: '12100', API_PORT: '12110', WORKER_PORT: '12120' },
  ...{ REDIS_PORT: '12379', RABBITMQ_PORT: '12672', RABBITMQ_DIST_PORT: '12673', EPMD_PORT: '12369' },
  ...{ MYSQL_PORT: '12306', ELASTICSEARCH_PORT: '12200', ELASTICSEARCH_TRANSPORT_PORT: '12201' },
};

export class OwnStack {
  readonly stateDir = join(mkdtempSync(join(tmpdir(), 'parley-own-')), 'stack');
  readonly #environment = { ...PORTS, STACK_DIR: this.stateDir, ELASTICSEARCH_HEAP_MB: '256' };
  readonly #settings = readSettings(this.#environment, REPOSITORY);
  readonly ports = this.#settings.ports;
  readonly #records = new Records(`${this.stateDir}/run`);

  /** Runs bin/stack with umask 000, which allows everything. @throws if it fails, with its output */
  async run(...args: string[]): Promise<void> {
    const command = ['/bin/sh', '-c', 'umask 000; exec "$@"', 'sh', `${REPOSITORY}/bin/stack`, ...args];
    const { PATH, HOME, TMPDIR } = process.env;
    const child = Bun.spawn(command, {
      env: { PATH, HOME, TMPDIR, STACK_CACHE: this.#settings.cacheDir, ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [said, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    if ((await child.exited) !== 0) throw new Error(`bin/stack ${args.join(' ')}: ${said}${errors}`);
  }

  record(name: string): ProcessRecord {
    const record = this.#records.find(name);
    if (record === undefined) throw new Error(`${name} does not run`);
    return record;
  }

  /** Runs SQL statements as MySQL's root. Returns each one's rows. */
  async query(...statements: string[]): Promise<unknown[][]> {
    const mysql: Connection = await createConnection({ user: 'root', socketPath: mysqlSocket(this.#settings) });
    const answers: unknown[][] = [];
    for (const sql of statements) answers.push([(await mysql.query(sql))[0]].flat());
    mysql.destroy();
    return answers;
  }

  /** The path and the text of each log file. */
  logged(): { readonly name: string; readonly text: string }[] {
    const folders = [`${this.stateDir}/logs`, `${this.stateDir}/elasticsearch/logs`];
    const files = folders.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
    return files.map((name) => ({ name, text: text(name) }));
  }

  /** Each `address:port` on which the stack's processes, their children and running RabbitMQ tools listen. */
  listeners(): string[] {
    const records = this.#records.all();
    const sessions = new Set(records.map(({ session }) => session));
    const own = link('/proc/self/ns/mnt');
    const rooms = new Set(records.map(({ pid }) => link(`/proc/${pid}/ns/mnt`)).filter((room) => room !== own));
    const isOurs = (pid: number) =>
      sessions.has(sessionOf(pid)) || rooms.has(link(`/proc/${pid}/ns/mnt`)) || this.#isErlang(pid);
    const pids = readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && isOurs(pid));
    return listenersOf(pids);
  }

  #isErlang(pid: number): boolean {
    return text(`/proc/${pid}/environ`).split('\0').includes(`ERL_EPMD_PORT=${this.ports.epmd}`);
  }

  async end(): Promise<void> {
    await this.run('down');
    rmSync(dirname(this.stateDir), { recursive: true });
  }
}

/** Reads a file. Returns '' if it cannot be read, as in /proc after the process has ended. */
function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function sessionOf(pid: number): number {
  return Number(/^.*\) (.*)/s.exec(text(`/proc/${pid}/stat`))?.[1]?.split(' ')[3] ?? -1);
}

const LISTENING = '0A';

function listenersOf(pids: readonly number[]): string[] {
  const inodes = new Set(pids.flatMap(socketsOf));
  const lines = ['tcp', 'tcp6'].flatMap((table) => text(`/proc/net/${table}`).split('\n').slice(1));
  const sockets = lines.map((line) => line.trim().split(/\s+/));
  const listening = sockets.filter(([, , , state, , , , , , inode]) => state === LISTENING && inodes.has(inode ?? ''));
  return listening.map(([, local = '']) => {
    const [address = '', port = ''] = local.split(':');
    return `${addressOf(address)}:${Number.parseInt(port, 16)}`;
  });
}

function socketsOf(pid: number): string[] {
  try {
    const files = readdirSync(`/proc/${pid}/fd`).map((file) => link(`/proc/${pid}/fd/${file}`));
    return files.flatMap((file) => /^socket:\[(\d+)\]$/.exec(file)?.[1] ?? []);
  } catch {
    return [];
  }
}

/** Decodes an address of /proc/net/tcp: hexadecimal words of four bytes, each in reverse. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()]);
  if (bytes.length === 4) return bytes.join('.');
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped
    ? bytes.slice(12).join('.')
    : Buffer.from(bytes)
        .toString('hex')
        .replace(/^0{31}/, '::');
}
