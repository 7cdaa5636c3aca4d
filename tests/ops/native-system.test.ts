/** What the rest of the machine can see of bin/stack's servers and apps, and that a killed server starts again. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, copyFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isAlive } from '@parley/stack/process';
import { until } from '@parley/testing';
import { Client } from '../support/client.ts';
import { OwnStack } from './own-stack.ts';

const REPOSITORY = resolve(import.meta.dir, '../..');
const INSTALL_AND_START_MS = 300_000;
const RESTART_MS = 120_000;

let stack: OwnStack;
beforeAll(async () => {
  stack = new OwnStack();
  await stack.run('up');
}, INSTALL_AND_START_MS);
afterAll(() => stack.end(), RESTART_MS);

const modeOf = (path: string) => (statSync(`${stack.stateDir}/${path}`).mode & 0o777).toString(8);
const beyondLoopback = () => stack.listeners().filter((listener) => !/^(127\.0\.0\.1|::1):/.test(listener));

test('every program listens on loopback only', () => {
  expect(beyondLoopback()).toEqual([]);
  // The check above saw the ports of all programs.
  const ports = stack.listeners().map((listener) => Number(listener.slice(listener.lastIndexOf(':') + 1)));
  expect([...new Set(ports)].sort()).toEqual(Object.values(stack.ports).sort());
});

test(
  'a running RabbitMQ tool listens on loopback only',
  async () => {
    const before = stack.listeners();
    let ended = false;
    const tool = stack.run('exec', 'rabbitmqctl', 'eval', 'timer:sleep(2000).').finally(() => {
      ended = true;
    });
    const seen = new Set<string>();
    while (!ended) {
      for (const listener of stack.listeners()) if (!before.includes(listener)) seen.add(listener);
      await Bun.sleep(50);
    }
    await tool;
    expect([...seen].filter((listener) => !listener.startsWith('127.0.0.1:'))).toEqual([]);
    expect(seen.size).toBeGreaterThan(0);
  },
  RESTART_MS,
);

const FOLDERS = ['redis', 'rabbitmq', 'mysql', 'elasticsearch', 'nginx', 'run'];
const logs = () => readdirSync(`${stack.stateDir}/logs`);
const expectNarrow = () => {
  expect(FOLDERS.map(modeOf)).toEqual(FOLDERS.map(() => '700'));
  expect(logs()).toContain('nginx-access.log');
  expect(logs().map((name) => `${name} ${modeOf(`logs/${name}`)}`)).toEqual(logs().map((name) => `${name} 600`));
  // nginx's user must reach its log, so the folder `logs` lets all users through.
  expect(modeOf('logs')).toBe('711');
};

test(
  'only their owners may read data and logs, whatever the umask is and whatever modes an older version left',
  async () => {
    expectNarrow();
    for (const name of ['logs', ...FOLDERS]) chmodSync(`${stack.stateDir}/${name}`, 0o755);
    for (const name of logs()) chmodSync(`${stack.stateDir}/logs/${name}`, 0o644);
    await stack.run('down');
    await stack.run('up');
    expectNarrow();
    // nginx, which runs as another user than the stack, must be able to write to its log.
    await fetch(`http://127.0.0.1:${stack.ports.nginx}/api/nothing`);
    await until('nginx has written', () => statSync(`${stack.stateDir}/logs/nginx-access.log`).size > 0);
  },
  INSTALL_AND_START_MS,
);

describe('after kill -9', () => {
  test.each([
    ['mysql', 3],
    ['redis', 2],
    ['epmd', 2],
    ['rabbitmq', 2],
    ['elasticsearch', 1],
  ])(
    '%s starts at once, %i times',
    async (name, times) => {
      for (let round = 1; round <= times; round += 1) {
        const before = stack.record(name);
        process.kill(before.pid, 'SIGKILL');
        await stack.run('start', name);
        expect(stack.record(name).pid).not.toBe(before.pid);
        expect(isAlive(stack.record(name))).toBe(true);
      }
    },
    RESTART_MS,
  );

  test(
    'MySQL starts even if its lock file names another process',
    async () => {
      process.kill(stack.record('mysql').pid, 'SIGKILL');
      // MySQL signals the process in its lock file, to see if it lives. So MySQL's user must be allowed to signal it.
      writeFileSync(`${stack.stateDir}/mysql/mysqld.sock.lock`, String(stack.record('redis').pid));
      await stack.run('start', 'mysql');
    },
    RESTART_MS,
  );

  test(
    'starting RabbitMQ alone starts the epmd that the stack manages',
    async () => {
      await stack.run('stop', 'rabbitmq', 'epmd');
      await stack.run('start', 'rabbitmq');
      expect(isAlive(stack.record('epmd'))).toBe(true);
      expect(stack.listeners()).toContain(`127.0.0.1:${stack.ports.epmd}`);
    },
    RESTART_MS,
  );
});

test(
  'no log has a token, a content or a search text, even if a server is unreachable',
  async () => {
    const { client, application } = await withApplication();
    const [content, searched] = ['Zkontentz is written', 'zkontentz'];
    const chat = await client.chat('Zchatnamez', application);
    await client.messages(chat, [content]);
    const search = () => client.get(`${chat}/search?search_query=${searched}`);
    await until('it is found', async () => (await search()).body.length === 1, RESTART_MS);
    for (const name of ['elasticsearch', 'mysql']) {
      await stack.run('stop', name);
      for (const request of [search, () => client.post(`${chat}/messages`, { message_content: content })])
        await request();
      await stack.run('start', name);
    }
    await until('it is found again', async () => (await search()).status === 200, RESTART_MS);
    const logged = stack.logged();
    expect(logged.length).toBeGreaterThan(10);
    const token = application.split('/').at(-1)!;
    for (const secret of [token, token.replaceAll('-', ''), keyOf(token), 'Zkontentz', 'zkontentz', 'Zchatnamez']) {
      expect([secret, logged.filter(({ text }) => text.includes(secret)).map(({ name }) => name)]).toEqual([
        secret,
        [],
      ]);
    }
  },
  INSTALL_AND_START_MS,
);

/** The search index's spelling of a token: its 16 bytes in base64url. */
const keyOf = (token: string) => Buffer.from(token.replaceAll('-', ''), 'hex').toString('base64url');

async function withApplication(): Promise<{ client: Client; application: string }> {
  const client = await Client.connect(`http://127.0.0.1:${stack.ports.nginx}`);
  let application: string | undefined;
  // After the tests that kill servers, the apps may still be reconnecting.
  await until(
    'creates are taken',
    async () => {
      application = await client.application().catch(() => undefined);
      return application !== undefined;
    },
    RESTART_MS,
  );
  return { client, application: application! };
}

describe('the MySQL users in a database of an older version', () => {
  const olderVersion = () =>
    stack.query("GRANT ALL PRIVILEGES ON *.* TO 'parley'@'%' WITH GRANT OPTION", "DROP USER 'parley_migration'@'%'");
  const grants = async () => {
    const answers = await stack.query("SHOW GRANTS FOR 'parley'@'%'", "SHOW GRANTS FOR 'parley_migration'@'%'");
    return answers.flat().map((row) => String(Object.values(row as object)[0]));
  };
  const EXPECTED = [
    'GRANT USAGE ON *.* TO `parley`@`%`',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON `parley`.* TO `parley`@`%`',
    'GRANT USAGE ON *.* TO `parley_migration`@`%`',
    'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER ON `parley`.* TO `parley_migration`@`%`',
  ];

  test(
    'are replaced at a start',
    async () => {
      await olderVersion();
      await stack.run('stop', 'mysql');
      await stack.run('start', 'mysql');
      expect(await grants()).toEqual(EXPECTED);
    },
    RESTART_MS,
  );

  test(
    'are replaced with Docker when the script is run by hand',
    async () => {
      await olderVersion();
      await stack.run('stop', 'mysql');
      for (const file of ['docker/mysql/users.sh', 'stack/conf/mysql-users.sql'])
        copyFileSync(`${REPOSITORY}/${file}`, `${stack.stateDir}/mysql/${file.split('/').at(-1)}`);
      const environment = ['MYSQL_PASSWORD=parley', 'MYSQL_MIGRATION_PASSWORD=parley', 'TMPDIR=/stack/mysql'];
      const file = 'MYSQL_USERS_FILE=/stack/mysql/mysql-users.sql';
      const options = '--defaults-file=/stack/mysql/my.cnf';
      await stack.run('exec', 'env', file, ...environment, 'bash', '/stack/mysql/users.sh', options);
      // Starts MySQL directly, because `bin/stack start` would itself replace the users.
      const server = stack.run('exec', 'mysqld', options);
      let found: string[] | undefined;
      const granted = async () => {
        found = await grants();
        return true;
      };
      await until('the server answers', granted, RESTART_MS);
      await stack.query('SHUTDOWN');
      await server;
      expect(found).toEqual(EXPECTED);
    },
    RESTART_MS,
  );
});
