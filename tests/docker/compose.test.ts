/** Runs docker-compose.yml as a user does. The tests are steps: each one continues where the one before ended. */

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { until } from '@parley/testing';
import { makeCertificate } from '../support/certificate.ts';
import { expectReadmeCalls } from '../support/readme.ts';
import {
  compose,
  containers,
  docker,
  HTTPS_PORT,
  inside,
  putCertificate,
  tryDocker,
  URL_OF_NGINX,
  VARIABLES,
} from './compose.ts';
import { canReach, canWrite, inspect, rightsOf } from './containers.ts';
import { Creates } from './creates.ts';
import { WORLD_ADDRESS, World } from './world.ts';

const UP_MS = 300_000;
const STEP_MS = 180_000;
const APPS = ['api', 'ingest', 'worker'];
const SERVICES = [...APPS, 'elasticsearch', 'mysql', 'nginx', 'rabbitmq', 'redis'].sort();
const TWO_OF_EACH = APPS.flatMap((app) => ['--scale', `${app}=2`]);
/** The user and group id of each service: those of its official image. */
const USERS: Record<string, string> = {
  ...{ nginx: '101:101', redis: '999:999', rabbitmq: '999:999', mysql: '999:999', elasticsearch: '1000:0' },
  ...Object.fromEntries(APPS.map((app) => [app, '1000:1000'])),
};

const unhealthy = async () =>
  (await containers()).filter(({ state, healthy }) => state !== 'running' || !healthy).map(({ service }) => service);
async function allHealthy(): Promise<void> {
  const deadline = performance.now() + STEP_MS - 30_000;
  let waiting = await unhealthy();
  while (waiting.length > 0 && performance.now() < deadline) {
    await Bun.sleep(200);
    waiting = await unhealthy();
  }
  expect(waiting).toEqual([]);
}
const idsOf = async (service: string) =>
  (await containers()).filter((container) => container.service === service).map(({ id }) => id);

let token = '';
let creates: Creates;

test(
  'the first `up` builds the image and starts every service, all healthy',
  async () => {
    await compose('up', '-d', '--wait');
    expect((await containers()).map(({ service }) => service).sort()).toEqual(SERVICES);
    expect(await unhealthy()).toEqual([]);
  },
  UP_MS,
);

test(
  'a second `up` restarts nothing',
  async () => {
    const before = await containers();
    await compose('up', '-d', '--wait');
    expect((await containers()).map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
  },
  STEP_MS,
);

test('the calls of the README give the printed answers, through nginx', async () => {
  token = await expectReadmeCalls(URL_OF_NGINX);
});

test(
  'every container runs as its usual user and without capabilities, and only Elasticsearch can write to its root',
  async () => {
    for (const { service, id } of await containers()) {
      const { users, groups, capabilities, noNewPrivileges, root } = await rightsOf(id);
      const [user, group] = USERS[service]!.split(':');
      expect([service, ...users]).toEqual([service, user!, user!, user!, user!]);
      expect([service, ...groups]).toEqual([service, group!, group!, group!, group!]);
      expect([service, ...capabilities]).toEqual([service, ...Array(5).fill('0000000000000000')]);
      expect([service, noNewPrivileges]).toEqual([service, '1']);
      expect([service, root]).toEqual([service, service === 'elasticsearch' ? 'rw' : 'ro']);
      expect([service, await canWrite(id, '/etc')]).toEqual([service, false]);
    }
  },
  STEP_MS,
);

test(
  'from outside only nginx’s port can be reached, and only nginx can connect to the outside',
  async () => {
    const world = await World.begin();
    const open = {
      ingest: 3000,
      api: 3000,
      worker: 3000,
      redis: 6379,
      rabbitmq: 5672,
      mysql: 3306,
      elasticsearch: 9200,
      nginx: 8081,
    };
    const targets: string[] = [];
    for (const { service, id } of await containers()) {
      expect([service, await canReach(id, WORLD_ADDRESS, 80)]).toEqual([service, service === 'nginx']);
      // The service does listen: another container, or nginx itself, can connect to it.
      const port = open[service as keyof typeof open];
      const neighbour = (await idsOf(service === 'nginx' ? 'nginx' : 'worker'))[0]!;
      const { Networks } = (await inspect(id)).NetworkSettings;
      const host = service === 'nginx' ? '127.0.0.1' : service;
      expect([service, await canReach(neighbour, host, port)]).toEqual([service, true]);
      targets.push(...Object.values(Networks).map(({ IPAddress }) => `${IPAddress}:${port}`));
    }
    expect(targets).toHaveLength(SERVICES.length + 1);
    const published = world.machine(VARIABLES.HTTP_PORT);
    const others = [...Object.values(open), 80, 2375, 8080].map((port) => world.machine(String(port)));
    expect(await world.reaches([published, ...targets, ...others])).toEqual([published]);
    await world.end();
    // On the engine's machine only Docker's forwarder of nginx's port listens, for IPv4 and IPv6.
    expect(listeningPorts()).toEqual([VARIABLES.HTTP_PORT]);
  },
  STEP_MS,
);

function listeningPorts(): string[] {
  const lines = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n').slice(1),
  );
  const listening = lines.map((line) => line.trim().split(/\s+/)).filter(([, , , state]) => state === '0A');
  return [...new Set(listening.map(([, local = '']) => String(Number.parseInt(local.split(':')[1]!, 16))))];
}

test('logs are rotated, and contain no token', async () => {
  for (const { id } of await containers()) {
    const { Type, Config } = (await inspect(id)).HostConfig.LogConfig;
    expect([Type, Config]).toEqual(['json-file', { 'max-size': '10m', 'max-file': '3' }]);
  }
  const logs = await compose('logs', '--no-color', 'nginx', ...APPS);
  expect(logs).toContain('/api/applications/:token/chats');
  for (const service of ['nginx', ...APPS]) expect(logs).toMatch(new RegExp(`^${service}-1 +[|] [{]`, 'm'));
  expect(logs).not.toContain(token);
});

test(
  'scaled to two of each app, nginx finds the new instances by itself',
  async () => {
    const nginx = await idsOf('nginx');
    const before = Object.fromEntries((await containers()).map(({ service, id }) => [service, id]));
    await compose('up', '-d', '--wait', ...TWO_OF_EACH);
    for (const app of APPS) expect([app, (await idsOf(app)).length]).toEqual([app, 2]);
    expect(await idsOf('nginx')).toEqual(nginx);
    for (const app of APPS) expect(await idsOf(app)).toContain(before[app]!);
    creates = await Creates.begin(URL_OF_NGINX);
    const createdBy = async (id: string) =>
      Number(/^parley_created_total\{kind="message"[^}]*\} (\d+)$/m.exec(await metricsOf(id))?.[1] ?? 0);
    for (const id of await idsOf('ingest')) {
      await until(`${id} creates`, async () => (await createdBy(id)) > 0, 30_000);
    }
  },
  STEP_MS,
);

const metricsOf = (id: string) =>
  docker('exec', id, 'bun', '--eval', 'console.log(await (await fetch("http://127.0.0.1:3000/metrics")).text())');

test(
  'restarting the instances one after the other fails no create',
  async () => {
    for (const app of APPS) {
      for (const id of await idsOf(app)) {
        await docker('restart', id);
        await allHealthy();
      }
    }
    expect(creates.refused).toEqual([]);
  },
  2 * STEP_MS,
);

test.each(['redis', 'rabbitmq', 'mysql', 'elasticsearch', 'nginx'])(
  'creates go on after a restart of %s under load',
  async (service) => {
    await compose('restart', service);
    await allHealthy();
    await acknowledgedAgain();
  },
  STEP_MS,
);

async function acknowledgedAgain(): Promise<void> {
  const before = creates.acknowledged;
  await until('creates are acknowledged again', async () => creates.acknowledged > before + 20, 30_000);
}

test(
  'when all containers are killed at once, each is started again',
  async () => {
    const all = await containers();
    const inspected = await Promise.all(all.map(({ id }) => inspect(id)));
    for (const { State } of inspected) process.kill(State.Pid, 'SIGKILL');
    await until(
      'each was started again',
      async () => (await Promise.all(all.map(({ id }) => inspect(id)))).every(({ RestartCount }) => RestartCount > 0),
      STEP_MS - 60_000,
    );
    await allHealthy();
    await acknowledgedAgain();
  },
  STEP_MS,
);

test(
  'every acknowledged message is stored once, and the last one is found',
  async () => {
    await creates.end();
    await until('all is stored', async () => (await creates.differences()).length === 0, 60_000).catch(() => {});
    expect(await creates.differences()).toEqual([]);
    expect(creates.acknowledged).toBeGreaterThan(500);
    await until('the last one is found', () => creates.lastIsFound(), 60_000);
  },
  STEP_MS,
);

test(
  'a worker’s commands work in its container',
  async () => {
    const list = () => inside('worker', 'bin/parley', 'deadletters', 'list', '5');
    expect(await list()).not.toContain('"reason"');
    await compose('exec', '-T', '--workdir', '/app/libs/rabbitmq', 'worker', 'bun', '--eval', PUBLISH_NONSENSE);
    await until('nonsense is put aside', async () => (await list()).includes('"reason":"malformed"'), 30_000);
    const before = await indexName();
    await inside('worker', 'bin/parley', 'reindex');
    expect(await indexName()).not.toBe(before);
    expect(await creates.lastIsFound()).toBe(true);
  },
  STEP_MS,
);

const PUBLISH_NONSENSE = `import { connect } from 'amqplib';
const connection = await connect(process.env.RABBITMQ_URL);
const channel = await connection.createConfirmChannel();
channel.sendToQueue('parley.events.0', Buffer.from('nonsense'));
await channel.waitForConfirms();
await connection.close();`;

const indexName = async () =>
  (
    await inside('elasticsearch', 'curl', '-fsS', 'http://127.0.0.1:9200/_cat/aliases/parley-messages-v2?h=index')
  ).trim();

test(
  'with docker-compose.tls.yml nginx serves HTTPS, sends HTTP there, and is replaced without it',
  async () => {
    const withTls = [
      '-f',
      'docker-compose.yml',
      '-f',
      'docker-compose.tls.yml',
      'up',
      '-d',
      '--wait',
      '--no-deps',
      'nginx',
    ];
    const missing = await tryDocker('compose', ...withTls);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('bind source path does not exist')]);
    const certificate = makeCertificate();
    putCertificate(certificate);
    await compose(...withTls);
    const secure = await fetch(`https://127.0.0.1:${HTTPS_PORT}/api/applications`, {
      tls: { ca: readFileSync(certificate.cert) },
    });
    expect([secure.status, secure.headers.get('strict-transport-security')]).toEqual([200, 'max-age=31536000']);
    const plain = await fetch(`${URL_OF_NGINX}/api/applications`, { redirect: 'manual' });
    const location = `https://127.0.0.1:${HTTPS_PORT}/api/applications`;
    expect([plain.status, plain.headers.get('location')]).toEqual([308, location]);
    certificate.remove();

    await compose('up', '-d', '--wait', '--no-deps', 'nginx');
    expect((await fetch(`${URL_OF_NGINX}/api/applications`, { redirect: 'manual' })).status).toBe(200);
    await expect(fetch(secure.url)).rejects.toThrow();
  },
  STEP_MS,
);

test(
  '`stop` stops every service with its usual exit status',
  async () => {
    await compose('stop');
    for (const { service, id } of await containers()) {
      // Elasticsearch runs on Java, which ends with status 143 after a SIGTERM.
      const expected = service === 'elasticsearch' ? 143 : 0;
      expect([service, (await inspect(id)).State.ExitCode]).toEqual([service, expected]);
    }
  },
  STEP_MS,
);

const MYSQL_OF_AN_OLDER_VERSION = `DROP USER parley_migration; GRANT ALL ON parley.* TO parley; SHUTDOWN;`;

test(
  'docs/operations.md adds the users to a volume of an older version, and the next `up` finds all data',
  async () => {
    await compose('down');
    const older = `echo '${MYSQL_OF_AN_OLDER_VERSION}' >/tmp/older.sql && exec mysqld --skip-networking --init-file=/tmp/older.sql`;
    await compose('run', '--rm', '--no-deps', 'mysql', 'bash', '-c', older);
    await compose('run', '--rm', '--no-deps', 'mysql', 'bash', '/docker-entrypoint-initdb.d/users.sh');
    await compose('up', '-d', '--wait');
    expect(await creates.differences()).toEqual([]);
    await until('the last one is found', () => creates.lastIsFound(), 60_000);
    const grants = 'MYSQL_PWD="$MYSQL_PASSWORD" mysql -h 127.0.0.1 -u parley -N -e "SHOW GRANTS"';
    expect((await inside('mysql', 'bash', '-c', grants)).trim().split('\n')).toEqual([
      'GRANT USAGE ON *.* TO `parley`@`%`',
      'GRANT SELECT, INSERT, UPDATE, DELETE ON `parley`.* TO `parley`@`%`',
    ]);
  },
  UP_MS,
);

test(
  '`down -v` leaves nothing',
  async () => {
    await compose('down', '-v');
    expect(await docker('ps', '--all', '--quiet')).toBe('');
    expect(await docker('volume', 'ls', '--quiet')).toBe('');
    expect((await docker('network', 'ls', '--format', '{{.Name}}')).trim().split('\n').sort()).toEqual([
      'bridge',
      'host',
      'none',
    ]);
    expect((await tryDocker('compose', 'ps', '--quiet')).stdout).toBe('');
  },
  STEP_MS,
);
