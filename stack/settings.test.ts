import { expect, test } from 'bun:test';
import { openModeNote, readSettings, Unusable } from './settings.ts';
import { connectionUrls } from './urls.ts';

test('without any variable, the servers have their usual ports and the state is in the repository', () => {
  const settings = readSettings({}, '/somewhere');
  expect(settings.stateDir).toBe('/somewhere/.stack');
  expect(settings.ports).toMatchObject({ nginx: 8080, redis: 6379, rabbitmq: 5672, epmd: 4369, mysql: 3306 });
  expect(connectionUrls(settings.ports)).toEqual({
    REDIS_URL: 'redis://127.0.0.1:6379',
    RABBITMQ_URL: 'amqp://parley:parley@127.0.0.1:5672',
    MYSQL_URL: 'mysql://parley:parley@127.0.0.1:3306/parley',
    ELASTICSEARCH_URL: 'http://127.0.0.1:9200',
  });
});

test('another broker port brings its own ports for Erlang', () => {
  const { ports } = readSettings({ RABBITMQ_PORT: '15673' }, '/somewhere');
  expect(ports).toMatchObject({ rabbitmq: 15_673, epmd: 14_370, rabbitmqDist: 16_673 });
});

test.each([
  [{ PORT: '0' }, 'PORT'],
  [{ MYSQL_PORT: '70000' }, 'MYSQL_PORT'],
  [{ INGESTS: 'two' }, 'INGESTS'],
  [{ WORKERS: '-1' }, 'WORKERS'],
  [{ NGINX_RATE_LIMIT: 'yes' }, 'NGINX_RATE_LIMIT'],
  [{ PORT: '3306' }, '3306'],
  [{ INGESTS: '2', API_PORT: '3101' }, '3101'],
])('%j is refused with a message that names it', (environment, named) => {
  const read = (): unknown => readSettings(environment as Record<string, string>, '/somewhere');
  expect(read).toThrow(Unusable);
  expect(read).toThrow(named);
});

test('the apps get the variables that STACK_PASS names, and no others', () => {
  const settings = readSettings({ STACK_PASS: 'A, B,MISSING', A: '1', B: '2', C: '3' }, '/somewhere');
  expect(settings.appEnvironment).toEqual({ A: '1', B: '2' });
});

test('the apps look for a server on its own port, or on the one that is set for them', () => {
  const { ports, appPorts } = readSettings({ REDIS_PORT: '7000', MYSQL_APP_PORT: '7001' }, '/somewhere');
  expect(appPorts).toMatchObject({ redis: 7_000, mysql: 7_001, rabbitmq: 5_672 });
  expect(ports.mysql).toBe(3_306);
});

test('without an admin key the start says that everybody may do everything', () => {
  const note = (environment: Record<string, string>) => openModeNote(readSettings(environment, '/somewhere'));
  expect(note({})).toContain('everybody on this machine may do everything');
  expect(note({ NGINX_HOST: '0.0.0.0' })).toContain('also from other machines');
  expect(note({ ADMIN_KEY: 'k'.repeat(32) })).toBeUndefined();
  expect(note({ ADMIN_KEY_FILE: 'key' })).toBeUndefined();
});

test('an admin key is told to the apps, by its file too; a wrong one is refused and not shown', () => {
  const key = 'k'.repeat(32);
  expect(readSettings({ ADMIN_KEY: key }, '/somewhere').adminKey.ADMIN_KEY).toBe(key);
  expect(readSettings({ ADMIN_KEY_FILE: '/run/key' }, '/somewhere').adminKey.ADMIN_KEY_FILE).toBe('/run/key');
  for (const environment of [{ ADMIN_KEY: 'hidden-short' }, { ADMIN_KEY: 'hidden', ADMIN_KEY_FILE: 'file' }]) {
    const read = (): unknown => readSettings(environment, '/somewhere');
    expect(read).toThrow(Unusable);
    expect(read).toThrow(/^ADMIN_KEY(?!.*hidden)/);
  }
});
