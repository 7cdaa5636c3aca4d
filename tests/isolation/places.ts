/** Looks for texts in everything that a system writes: files, tables, Redis' values, dead letters, metrics. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRabbitmq } from '@parley/rabbitmq';
import { RedisClient } from 'bun';
import { connectMysql, programs } from '../support/test-stack.ts';
import type { Secured } from './system.ts';

/** Where something was found, and what: the names of texts. */
export type Found = readonly string[];
export type Texts = ReadonlyMap<string, string>;

const DEAD_LETTERS_MAX = 10_000;

/** Looks everywhere. `folders` are those of the system's files, logs included. */
export async function lookFor(texts: Texts, secured: Secured): Promise<Found> {
  const { standalone } = secured;
  if (standalone !== undefined) {
    const inFiles = await inFolder(texts, join(standalone.dataDir, '..'));
    return [...inFiles, ...(await inMetrics(texts, [secured.url]))];
  }
  const ports = (await programs()).filter(({ name }) => /^(ingest|api|worker)/.test(name));
  return [
    ...(await inFolder(texts, stackFolder())),
    ...(await inMetrics(
      texts,
      ports.map(({ port }) => `http://127.0.0.1:${port}`),
    )),
    ...(await inMysql(texts)),
    ...(await inRedis(texts)),
    ...(await inDeadLetters(texts)),
  ];
}

/** The state folder of the native stack: its logs, and the servers' data. */
export function stackFolder(): string {
  return process.env.TEST_STACK_DIR ?? join(process.env.TMPDIR ?? tmpdir(), 'parley-test-stack');
}

/** Reads all files of a folder as bytes. Throws if one cannot be read, unless it was deleted meanwhile. */
async function inFolder(texts: Texts, folder: string): Promise<Found> {
  const grep = Bun.spawn(['grep', '-raoF', '-f', '-', folder], {
    stdin: new Blob([[...texts.values()].join('\n')]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [output, errors] = await Promise.all([new Response(grep.stdout).text(), new Response(grep.stderr).text()]);
  await grep.exited;
  const failures = errors.split('\n').filter((line) => line !== '' && !/No such (file|device)/.test(line));
  if (failures.length > 0) throw new Error(`grep: ${failures.join('; ')}`);
  return namesIn(texts, output.split('\n'));
}

async function inMetrics(texts: Texts, urls: readonly string[]): Promise<Found> {
  const found = urls.map(async (url) =>
    within(texts, `metrics of ${url}`, await (await fetch(`${url}/metrics`)).text()),
  );
  return (await Promise.all(found)).flat();
}

async function inMysql(texts: Texts): Promise<Found> {
  const mysql = await connectMysql();
  try {
    const [tables] = await mysql.query(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
    );
    const found: string[] = [];
    for (const { name } of tables as { name: string }[]) {
      const [rows] = await mysql.query('SELECT * FROM ??', [name]);
      for (const row of rows as object[]) {
        const values = Object.values(row).map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : value));
        found.push(...within(texts, `table ${name}`, JSON.stringify(values)));
      }
    }
    return found;
  } finally {
    mysql.destroy();
  }
}

/** How each type of Redis' values is read as a whole. */
const READS: Readonly<Record<string, (key: string) => [command: string, ...rest: string[]]>> = {
  string: (key) => ['GET', key],
  hash: (key) => ['HGETALL', key],
  list: (key) => ['LRANGE', key, '0', '-1'],
  set: (key) => ['SMEMBERS', key],
  zset: (key) => ['ZRANGE', key, '0', '-1'],
  stream: (key) => ['XRANGE', key, '-', '+'],
};

async function inRedis(texts: Texts): Promise<Found> {
  const redis = new RedisClient(process.env.REDIS_URL);
  const found: string[] = [];
  try {
    for (let cursor = '0'; ; ) {
      const [next, keys] = (await redis.send('SCAN', [cursor, 'COUNT', '1000'])) as [string, string[]];
      for (const key of keys) {
        const type = String(await redis.send('TYPE', [key]));
        const read = READS[type];
        if (read === undefined && type !== 'none') throw new Error(`Redis has a value of type ${type}`);
        const [command, ...rest] = read?.(key) ?? ['GET', key];
        found.push(...within(texts, `Redis: ${key}`, `${key} ${JSON.stringify(await redis.send(command, rest))}`));
      }
      cursor = next;
      if (cursor === '0') return found;
    }
  } finally {
    redis.close();
  }
}

async function inDeadLetters(texts: Texts): Promise<Found> {
  const rabbitmq = openRabbitmq({ url: process.env.RABBITMQ_URL ?? '', partitions: 8 });
  await rabbitmq.start();
  try {
    const letters = await rabbitmq.deadLetters.list(DEAD_LETTERS_MAX);
    return letters.flatMap((letter) => within(texts, 'dead letters', `${JSON.stringify(letter)} ${letter.content}`));
  } finally {
    await rabbitmq.close();
  }
}

export function within(texts: Texts, where: string, content: string): Found {
  return [...texts].flatMap(([name, text]) => (content.includes(text) ? [`${where}: ${name}`] : []));
}

/** Lines of grep: `file:text`. */
function namesIn(texts: Texts, lines: readonly string[]): Found {
  const names = new Map([...texts].map(([name, text]) => [text, name]));
  const found = lines.flatMap((line) => {
    const [text, name] = [...names].find(([each]) => line.endsWith(`:${each}`)) ?? [];
    return text === undefined ? [] : [`${line.slice(0, -text.length - 1)}: ${name}`];
  });
  return [...new Set(found)];
}
