import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, tellLeftOut } from '@parley/testing';
import type { Subprocess } from 'bun';
import { Redis } from 'ioredis';

const START_MS = 30_000;
const START_TRIES = 5;

/**
 * A Redis server for one test, which may stop, pause and empty it. It listens on loopback and has an append-only file.
 */
export class RedisServer {
  #process: Subprocess | undefined;

  private constructor(
    readonly port: number,
    readonly dir: string,
    readonly options: readonly string[],
  ) {}

  static async start(...options: string[]): Promise<RedisServer> {
    for (let tries = 1; ; tries += 1) {
      const dir = await mkdtemp(join(tmpdir(), 'parley-redis-'));
      const server = new RedisServer(freePort(), dir, options);
      try {
        await server.start();
        return server;
      } catch (error) {
        // Another program may have taken the port meanwhile, or the one 10,000 above, which a cluster's node uses: try
        // another.
        if (tries === START_TRIES) throw error;
      }
    }
  }

  /** Starts a Sentinel that watches this master under the name `main`. It keeps its state in its configuration file. */
  static async startSentinel(master: RedisServer): Promise<RedisServer> {
    const dir = await mkdtemp(join(tmpdir(), 'parley-sentinel-'));
    const file = join(dir, 'sentinel.conf');
    const server = new RedisServer(freePort(), dir, [file, '--sentinel']);
    const settings = [`port ${server.port}`, 'bind 127.0.0.1', `dir ${dir}`];
    await Bun.write(file, [...settings, `sentinel monitor main 127.0.0.1 ${master.port} 1`, ''].join('\n'));
    await server.#run(server.options);
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const own = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--dir',
      this.dir,
      '--repl-diskless-sync-delay',
      '0',
    ];
    const file = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
    await this.#run([...own, ...file, ...this.options]);
  }

  async #run(args: readonly string[]): Promise<void> {
    this.#process = Bun.spawn([...command('redis-server'), ...args], { stdout: 'ignore', stderr: 'ignore' });
    try {
      await this.answers();
    } catch (error) {
      await this.remove();
      throw error;
    }
  }

  /** Resolves when the server replies to commands, even if only with "NOAUTH". */
  async answers(): Promise<void> {
    const started = performance.now();
    const answer = () => this.cli('PING').catch((error: Error) => error.message);
    while (!/^(PONG|NOAUTH)/.test(String(await answer()))) {
      const ended = this.#process?.exitCode != null;
      if (ended || performance.now() - started > START_MS) throw new Error('redis-server does not start');
      await Bun.sleep(20);
    }
  }

  async cli(name: string, ...args: string[]): Promise<unknown> {
    const client = new Redis(this.port, '127.0.0.1', { retryStrategy: null, lazyConnect: true });
    let connectError: Error | undefined;
    client.on('error', (error: Error) => {
      connectError ??= error;
    });
    try {
      await client.connect();
      return await client.call(name, ...args);
    } catch (error) {
      throw connectError ?? error;
    } finally {
      client.disconnect();
    }
  }

  /** Kills the server as a crash would: it writes nothing more to its file. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Forms a cluster of masters, without replicas. */
export async function formCluster(servers: readonly RedisServer[]): Promise<void> {
  const nodes = servers.map(({ port }) => `127.0.0.1:${port}`);
  const args = ['--cluster', 'create', ...nodes, '--cluster-replicas', '0', '--cluster-yes'];
  const cli = Bun.spawn([...command('redis-cli'), ...args], { stdout: 'ignore', stderr: 'inherit' });
  if ((await cli.exited) !== 0) throw new Error('the cluster could not be formed');
}

/**
 * The command line of a program of Redis: from the native servers of this machine if there are any, else from the PATH.
 * A native program needs the loader and the libraries that came with it.
 */
function command(program: string): string[] {
  const pattern = new Bun.Glob(`.cache/parley/rootfs-*/usr/bin/${program}`);
  for (const found of pattern.scanSync({ cwd: homedir(), absolute: true, dot: true, followSymlinks: true })) {
    const root = found.slice(0, -`/usr/bin/${program}`.length);
    return [join(root, 'lib64/ld-linux-x86-64.so.2'), '--library-path', join(root, 'usr/lib/x86_64-linux-gnu'), found];
  }
  const installed = Bun.which(program);
  if (installed === null) throw new Error(`${program} is needed for these tests: start bin/stack once, or install it`);
  return [installed];
}

/** Whether a test can start its own server here. If not, prints the reason. */
export function canStartServers(): boolean {
  try {
    command('redis-server');
    return true;
  } catch {
    tellLeftOut('Redis servers of the tests', 'there is no redis-server here');
    return false;
  }
}
