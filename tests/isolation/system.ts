/**
 * A system with keys on. PARLEY_URL and ADMIN_KEY name a distributed one that bin/test-stack has started; otherwise a
 * standalone is started.
 */
import { Database } from 'bun:sqlite';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, until } from '@parley/testing';
import { Documented } from '../support/documented.ts';
import { temporaryFolder } from '../support/system.ts';
import { connectMysql, programs } from '../support/test-stack.ts';
import { ENTRIES } from './entries.ts';

/** A way to reach the API. */
export interface Door {
  readonly name: string;
  readonly url: (operation: string) => string;
}

export interface Secured {
  readonly url: string;
  readonly adminKey: string;
  readonly doors: readonly Door[];
  readonly documented: Noted;
  /** The folder of a standalone's data, and its log; undefined for a distributed system. */
  readonly standalone?: { readonly dataDir: string; readonly log: string };
  /** The newest key pair that signs user tokens, read past the API: JSON Web Keys as text. */
  signingKey(): Promise<{ readonly publicKey: string; readonly privateKey: string }>;
  stop(): Promise<void>;
}

/** The operation, the status and what is wrong. */
const WRONG_CHARACTERS = 120;

/** Notes answers that are not as documented, for a test of their own: a wrong document hides no wrong answer. */
class Noted extends Documented {
  readonly wrong = new Set<string>();

  override check(...answer: Parameters<Documented['check']>): void {
    try {
      super.check(...answer);
    } catch (error) {
      this.wrong.add(String(error).slice(0, WRONG_CHARACTERS));
    }
  }
}

const ADMIN_KEY = `an-admin-key-of-the-tests-${crypto.randomUUID()}`;
const MAIN = join(import.meta.dir, '../../apps/standalone/src/main.ts');
const STOPPED_WITHIN_MS = 20_000;
const READY_WITHIN_MS = 60_000;

/** Whether the system under test is a distributed one. */
export const isDistributed = process.env.PARLEY_URL !== undefined;

export async function openSecured(): Promise<Secured> {
  const { PARLEY_URL: url, ADMIN_KEY: adminKey } = process.env;
  if (url === undefined) return openStandalone({ ADMIN_KEY });
  if (adminKey === undefined) throw new Error('ADMIN_KEY must be a key of the system at PARLEY_URL');
  const ports = new Map((await allReady()).map(({ name, port }) => [name, port]));
  const own = (program: string) => `http://127.0.0.1:${ports.get(program)}`;
  const doors = [
    { name: 'nginx', url: () => url },
    {
      name: 'the program itself',
      url: (operation: string) => own(ENTRIES[operation]?.creates === true ? 'ingest-1' : 'api-1'),
    },
  ];
  return { url, adminKey, doors, documented: await documentOf(url), signingKey: fromMysql, stop: async () => {} };
}

/** The programs, once all are ready: another test may have stopped a server. */
async function allReady(): ReturnType<typeof programs> {
  let all: Awaited<ReturnType<typeof programs>> = [];
  const areReady = async () => {
    all = await programs();
    return all.length > 0;
  };
  await until('all programs are ready', areReady, READY_WITHIN_MS);
  return all;
}

/** Starts a standalone with these variables, on a free port. Its log is a file. */
export async function openStandalone(env: Readonly<Record<string, string>>): Promise<Secured> {
  const folder = await temporaryFolder();
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir);
  const log = join(folder, 'log');
  const url = `http://127.0.0.1:${freePort()}`;
  const child = Bun.spawn([process.execPath, MAIN], {
    env: {
      ...process.env,
      ADMIN_KEY: '',
      PORT: new URL(url).port,
      DATA_DIR: dataDir,
      REQUEST_TIMEOUT_MS: '5000',
      ...env,
    },
    stdout: Bun.file(log),
    stderr: Bun.file(`${log}.errors`),
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS);
    await child.exited;
    clearTimeout(late);
    await rm(folder, { recursive: true, force: true });
  };
  const isReady = async () => {
    if (child.exitCode !== null) throw new Error(`the standalone ended: ${readFileSync(`${log}.errors`, 'utf8')}`);
    return fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await until('the standalone is ready', isReady, 30_000);
  return {
    ...{ url, adminKey: env.ADMIN_KEY ?? '', standalone: { dataDir, log }, stop },
    doors: [{ name: 'the standalone', url: () => url }],
    documented: await documentOf(url),
    signingKey: async () => fromSqlite(dataDir, join(folder, 'copy')),
  };
}

async function documentOf(url: string): Promise<Noted> {
  const response = await fetch(`${url}/swagger/json`);
  return new Noted(await response.json());
}

const NEWEST = 'SELECT public_key AS publicKey, private_key AS privateKey FROM signing_keys ORDER BY created_at DESC';
type Pair = Awaited<ReturnType<Secured['signingKey']>>;

async function fromMysql(): Promise<Pair> {
  const mysql = await connectMysql();
  const [rows] = await mysql.query(NEWEST);
  await mysql.end();
  return first(rows as Pair[]);
}

/** Reads a copy of the files: the standalone lets nobody else open its database. */
function fromSqlite(dataDir: string, copies: string): Pair {
  mkdirSync(copies, { recursive: true });
  const file = 'parley.db';
  for (const each of [file, `${file}-wal`])
    if (existsSync(join(dataDir, each))) copyFileSync(join(dataDir, each), join(copies, each));
  const database = new Database(join(copies, file));
  try {
    return first(database.query(NEWEST).all() as Pair[]);
  } finally {
    database.close();
  }
}

function first([pair]: readonly Pair[]): Pair {
  if (pair === undefined) throw new Error('no key signs user tokens yet');
  return pair;
}
