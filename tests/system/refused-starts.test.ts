import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { until } from '@parley/testing';

/** Starts a program with an environment that is wrong somewhere; it must end by itself. */
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
  test('without a variable that it needs: one message names each', async () => {
    for (const program of ['ingest', 'api', 'worker']) {
      const { status, said } = await start(program, { REDIS_URL: undefined, MYSQL_URL: '', PARTITIONS: 'x' });
      expect(status).toBe(1);
      expect(said).toContain('REDIS_URL is missing');
      expect(said).toContain('MYSQL_URL is missing');
      expect(said).toContain('PARTITIONS="x" must be integer');
    }
  });

  test('with an address of another kind', async () => {
    const { status, said } = await start('worker', { ELASTICSEARCH_URL: 'localhost:9200', RABBITMQ_URL: 'http://x' });
    expect(status).toBe(1);
    expect(said).toContain('ELASTICSEARCH_URL="localhost:9200"');
    expect(said).toContain('RABBITMQ_URL="http://x"');
  });

  test('with another number of partitions than the database was made with', async () => {
    for (const program of ['ingest', 'api', 'worker']) {
      const { status, said } = await start(program, { PARTITIONS: '9' });
      expect(status).toBe(1);
      expect(said).toContain('PARTITIONS is 9, but the database was made with 8');
    }
  });
});

test('a program that finds a server away serves all the same, tells which one it is, and refuses creates', async () => {
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
