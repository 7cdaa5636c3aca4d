import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { until } from '@parley/testing';

/** Starts a program with a wrong environment, and waits until it ends by itself. Returns its exit status and stderr. */
async function start(
  program: string,
  env: Record<string, string | undefined>,
): Promise<{ status: number; said: string }> {
  const main = join(import.meta.dir, `../../apps/${program}/src/main.ts`);
  const child = Bun.spawn([process.execPath, main], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'fatal', ...env },
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const said = await new Response(child.stderr).text();
  return { status: await child.exited, said };
}

describe('a program does not start', () => {
  test('if variables are missing: one message names each of them', async () => {
    for (const program of ['ingest', 'api', 'worker']) {
      const { status, said } = await start(program, { REDIS_URL: undefined, MYSQL_URL: '', PARTITIONS: 'x' });
      expect(status).toBe(1);
      expect(said).toContain('REDIS_URL is missing');
      expect(said).toContain('MYSQL_URL is missing');
      expect(said).toContain('PARTITIONS="x" must be integer');
    }
  });

  test('if an address has the wrong scheme', async () => {
    const { status, said } = await start('worker', { ELASTICSEARCH_URL: 'localhost:9200', RABBITMQ_URL: 'http://x' });
    expect(status).toBe(1);
    expect(said).toContain('ELASTICSEARCH_URL is wrong');
    expect(said).toContain('RABBITMQ_URL is wrong');
  });

  test('if a secret cannot be used: the message names the variable and shows nothing of it', async () => {
    const ADMIN_KEY = 'hidden-a-key-of-the-operator-0123456789';
    const away = 'mysql://parley:parley@mysql.example/parley';
    const cases = [
      [{ ADMIN_KEY: 'hidden-short' }, 'ADMIN_KEY is wrong: keys of the operator'],
      [{ ADMIN_KEY_FILE: '/hidden/nowhere' }, 'ADMIN_KEY_FILE names a file that cannot be read (ENOENT)'],
      [{ ADMIN_KEY, ADMIN_KEY_FILE: '/hidden' }, 'ADMIN_KEY and ADMIN_KEY_FILE are both given'],
      [{ MYSQL_URL: 'mysql//parley:hidden@mysql' }, 'MYSQL_URL is no URL'],
      [{ ADMIN_KEY, MYSQL_URL: away }, 'MYSQL_URL has the published default password, and ADMIN_KEY is set'],
    ] as const;
    for (const program of ['ingest', 'api', 'worker']) {
      const starts = cases.map(async ([env, message]) => ({ message, ...(await start(program, env)) }));
      for (const { message, status, said } of await Promise.all(starts)) {
        expect([program, status]).toEqual([program, 1]);
        expect(said).toContain(message);
        expect(said).not.toContain('hidden');
      }
    }
  });

  test('if the number of partitions is not that of the database', async () => {
    for (const program of ['ingest', 'api', 'worker']) {
      const { status, said } = await start(program, { PARTITIONS: '9' });
      expect(status).toBe(1);
      expect(said).toContain('PARTITIONS is 9, but the database was made with 8');
    }
  });
});

test('a program starts even if a server is unreachable: /readyz names the server, and creates are refused', async () => {
  const away = 'amqp://parley:parley@127.0.0.1:9';
  const port = '23190';
  const main = join(import.meta.dir, '../../apps/ingest/src/main.ts');
  const child = Bun.spawn([process.execPath, main], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: port, LOG_LEVEL: 'fatal', RABBITMQ_URL: away },
    stdout: 'ignore',
    stderr: 'inherit',
  });
  try {
    const readiness = () => fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    await until('it serves', async () => (await readiness()) !== undefined);
    const answer = (await readiness())!;
    expect(answer.status).toBe(503);
    const { dependencies } = (await answer.json()) as { dependencies: { name: string; state: string }[] };
    const states = Object.fromEntries(dependencies.map(({ name, state }) => [name, state]));
    expect(states).toEqual({ numbers: 'up', 'event log': 'down', store: 'up' });
    const created = await fetch(`http://127.0.0.1:${port}/api/applications`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ application_name: 'Refused' }),
    });
    expect([created.status, created.headers.get('retry-after')]).toEqual([503, '1']);
  } finally {
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  }
});
