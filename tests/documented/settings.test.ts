/** Every environment variable that the code reads must be in the table of docs/running.md, or in ELSEWHERE. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '@parley/stack/settings';
import { documented, settings } from './settings.ts';

const REPOSITORY = join(import.meta.dir, '../..');

/** Variables that only tests and benchmarks read, and those of the machine, such as PATH. */
const ELSEWHERE = new Set([
  ...['CHROMIUM', 'DOCUMENTED_SEEN', 'KILLS', 'MODEL_TRACES', 'MYSQL_SOCKET', 'PARLEY_URL', 'SCREENSHOT_DIR'],
  ...['TEST_ENGINE_ROOT', 'TEST_STACK', 'TEST_STACK_DIR', 'BENCH_PARTITIONS', 'BENCH_STACK_DIR', 'FAULT_STACK_DIR'],
  ...['CHILD_FILE', 'NAME', 'ORDER_FILE'], // read by programs that tests write and run
  ...['HOME', 'JAVA_HOME', 'PATH', 'TERM', 'TMPDIR'],
]);

const namesOf = (where: string): string[] => settings().flatMap(({ name, of }) => (of.includes(where) ? [name] : []));

test('the table in docs/running.md lists the current settings', async () => {
  const { before, after } = await documented();
  expect(before).toBe(after);
});

test('every setting has a description', () => {
  expect(settings().filter(({ description }) => description === '')).toEqual([]);
});

test('the table has exactly the variables that bin/stack reads', () => {
  const asked = new Set<string>();
  const environment = new Proxy<Record<string, string>>(
    {},
    {
      get: (_, name) => {
        asked.add(String(name));
        return name === 'RABBITMQ_METRICS_PORT' ? '15692' : undefined;
      },
    },
  );
  readSettings(environment, REPOSITORY);
  asked.delete(''); // the empty name comes from an unset STACK_PASS, a list of names
  expect([...asked].sort()).toEqual(namesOf('bin/stack'));
});

test('the table has exactly the variables of docker-compose.yml and docker-compose.tls.yml, with their defaults', () => {
  const read = (file: string) => readFileSync(join(REPOSITORY, file), 'utf8');
  const text = `${read('docker-compose.yml')}${read('docker-compose.tls.yml')}`;
  const used = new Map(
    [...text.matchAll(/\$\{(\w+):[-?]([^}]*)\}/g)].map(([all, name, value]) => [
      name!,
      all.includes(':?') ? '' : value!,
    ]),
  );
  used.set('ADMIN_KEY_FILE', ''); // the default, an empty file, is only mounted
  const told = settings().filter(({ of }) => of.includes('docker compose'));
  expect(told.map(({ name, fallback }) => [name, fallback])).toEqual([...used].sort());
});

test('the code reads no other variables, except those of the tests and the machine', async () => {
  const known = new Set(settings().map(({ name }) => name));
  const sources = new Bun.Glob('{apps,bench,docker,libs,stack,tests}/**/*.ts');
  const unknown: string[] = [];
  let found = 0;
  for await (const path of sources.scan({ cwd: REPOSITORY })) {
    if (path.includes('node_modules/')) continue;
    const text = readFileSync(join(REPOSITORY, path), 'utf8');
    for (const [, name = ''] of text.matchAll(/(?:process|Bun)\.env\.(\w+)/g)) {
      found += 1;
      if (!known.has(name) && !ELSEWHERE.has(name)) unknown.push(`${path}: ${name}`);
    }
  }
  expect(found).toBeGreaterThan(10);
  expect(unknown).toEqual([]);
});
