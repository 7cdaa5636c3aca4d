import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';

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
