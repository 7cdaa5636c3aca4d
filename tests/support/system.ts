import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A running system that tests reach by its URL alone. */
export interface System {
  readonly url: string;
  stop(): Promise<void>;
}

/** A standalone in its own process, on a free port. Its data folder stays after a stop or a kill. */
export interface StandaloneProcess {
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Sends SIGTERM and waits until the process ends. Returns the exit status. */
  terminate(): Promise<number>;
  /** Sends SIGKILL and waits until the process ends. */
  kill(): Promise<void>;
}

const MAIN = join(import.meta.dir, '../../apps/standalone/src/main.ts');
const READY_WITHIN_MS = 30_000;

export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'parley-test-'));
}

export async function startStandalone(dataDir: string, env: Record<string, string> = {}): Promise<StandaloneProcess> {
  const child = Bun.spawn([process.execPath, MAIN], {
    env: { ...process.env, REQUEST_TIMEOUT_MS: '5000', PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'info', ...env },
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const port = await readyPort(child.stdout);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    dataDir,
    terminate: () => {
      child.kill('SIGTERM');
      return child.exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}

/**
 * Returns the port in the log line `ready` of a standalone, or rejects after 30 s. Goes on reading the log, and prints
 * fatal errors.
 */
async function readyPort(stdout: ReadableStream<Uint8Array>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const timer = setTimeout(() => reject(new Error('the standalone was not ready in time')), READY_WITHIN_MS);
  const follow = async () => {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const entry = JSON.parse(line) as { msg: string; port?: number; level: string };
        if (entry.msg === 'ready' && entry.port !== undefined) resolve(entry.port);
        if (entry.level === 'fatal') process.stderr.write(`${line}\n`);
      }
    }
    reject(new Error('the standalone ended before it was ready'));
  };
  follow().catch(reject);
  return promise.finally(() => clearTimeout(timer));
}

/** Returns the system that PARLEY_URL names, or starts a standalone. */
export async function openSystem(): Promise<System> {
  const given = process.env.PARLEY_URL;
  if (given !== undefined) return { url: given, stop: async () => {} };
  const dataDir = await temporaryFolder();
  const standalone = await startStandalone(dataDir);
  return {
    url: standalone.url,
    stop: async () => {
      await standalone.terminate();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
