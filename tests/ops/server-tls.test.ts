/**
 * Passwords and TLS towards the servers, by their URLs. The servers are real. This Elasticsearch has no security module,
 * so nginx ends TLS and checks the password in front of it, as a proxy of a real cluster may do.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { insideRootfs, ROOTFS_ENVIRONMENT } from '@parley/stack/chroot';
import { install } from '@parley/stack/install/install';
import { hasListener } from '@parley/stack/probe';
import { birth, launch, stop } from '@parley/stack/process';
import { readSettings } from '@parley/stack/settings';
import { makeStateFolder } from '@parley/stack/state-folder';
import { freePort, until } from '@parley/testing';
import { makeCertificate } from '../support/certificate.ts';
import { OwnStack } from './own-stack.ts';

const REPOSITORY = resolve(import.meta.dir, '../..');
const INSTALL_AND_START_MS = 300_000;
const STOP_MS = 120_000;
const USE_MS = 60_000;
const USER = 'tls-user';
const PASSWORD = 's3cret:p@ss/word';
const login = `${USER}:${encodeURIComponent(PASSWORD)}`;

/** One certificate has the servers' name and one has not; clients trust both. */
const ours = makeCertificate();
const other = makeCertificate('DNS:other.example');
const CERTIFICATES = { ours: '/stack/tls/ours', other: '/stack/tls/other' } as const;
type Which = keyof typeof CERTIFICATES;

let stack: OwnStack;
let ports: Record<Which, { rabbitmq: number; elasticsearch: number }>;
let redisPort: number;
let endNginx: () => Promise<void>;

beforeAll(async () => {
  stack = new OwnStack();
  await stack.run('up', '--servers-only');
  const folder = `${stack.stateDir}/tls`;
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  cpSync(ours.folder, `${folder}/ours`, { recursive: true });
  cpSync(other.folder, `${folder}/other`, { recursive: true });
  const onPorts = () => ({ rabbitmq: freePort(), elasticsearch: freePort() });
  ports = { ours: onPorts(), other: onPorts() };
  redisPort = freePort();
  await redisCli('ACL', 'SETUSER', USER, 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
  for (const which of ['ours', 'other'] as const) await startAmqps(which);
  await stack.run('exec', 'rabbitmqctl', 'add_user', USER, PASSWORD);
  await stack.run('exec', 'rabbitmqctl', 'set_permissions', USER, '.*', '.*', '.*');
  await stack.query(
    `CREATE USER '${USER}'@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE SSL`,
    `GRANT ALL ON *.* TO '${USER}'@'%'`,
  );
  endNginx = await startProxy();
}, INSTALL_AND_START_MS);

afterAll(async () => {
  await endNginx?.();
  await stack.end();
  ours.remove();
  other.remove();
}, STOP_MS);

const redisCli = (...words: string[]) =>
  stack.run('exec', 'redis-cli', '-e', '-p', String(stack.ports.redis), ...words);

async function startAmqps(which: Which): Promise<void> {
  const files = `[{certfile,"${CERTIFICATES[which]}/cert.pem"},{keyfile,"${CERTIFICATES[which]}/key.pem"}]`;
  const listener = `rabbit_networking:start_ssl_listener({"127.0.0.1",${ports[which].rabbitmq},auto},${files},2).`;
  await stack.run('exec', 'rabbitmqctl', 'eval', listener);
}

/** Lets Redis and MySQL, which have one certificate at a time, show this one. */
async function show(which: Which): Promise<void> {
  const [cert, key] = [`${CERTIFICATES[which]}/cert.pem`, `${CERTIFICATES[which]}/key.pem`];
  const files = ['tls-cert-file', cert, 'tls-key-file', key, 'tls-ca-cert-file', cert];
  await redisCli('CONFIG', 'SET', ...files, 'tls-auth-clients', 'no');
  await redisCli('CONFIG', 'SET', 'tls-port', String(redisPort));
  await stack.query(
    `SET GLOBAL ssl_ca = '${cert}'`,
    `SET GLOBAL ssl_cert = '${cert}'`,
    `SET GLOBAL ssl_key = '${key}'`,
    'ALTER INSTANCE RELOAD TLS',
  );
}

/** Starts nginx as the end of TLS in front of Elasticsearch, once with each certificate. */
async function startProxy(): Promise<() => Promise<void>> {
  const installation = await install(readSettings(process.env, REPOSITORY));
  const folder = makeStateFolder(stack.stateDir, 'nginx');
  const hash = createHash('sha1').update(PASSWORD).digest('base64'); // the format of the file has colons between its parts
  writeFileSync(`${folder}/users`, `${USER}:{SHA}${hash}\n`);
  const server = (which: Which) => `server {
    listen 127.0.0.1:${ports[which].elasticsearch} ssl;
    ssl_certificate ${CERTIFICATES[which]}/cert.pem;
    ssl_certificate_key ${CERTIFICATES[which]}/key.pem;
    auth_basic elasticsearch;
    auth_basic_user_file /stack/nginx/users;
    location / { proxy_pass http://127.0.0.1:${stack.ports.elasticsearch}; proxy_set_header Authorization ""; }
  }`;
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const temporary = paths.map((name) => `${name}_temp_path /stack/nginx/${name};`).join(' ');
  const http = `access_log off; ${temporary} ${server('ours')} ${server('other')}`;
  const configuration = `daemon off; pid /stack/nginx/nginx.pid; events {} http { ${http} }`;
  writeFileSync(`${folder}/proxy.conf`, configuration);
  const command = insideRootfs(installation, stack.stateDir, [
    'nginx',
    '-e',
    'stderr',
    '-c',
    '/stack/nginx/proxy.conf',
  ]);
  const logFile = `${stack.stateDir}/logs/proxy.log`;
  const pid = launch({ command, env: ROOTFS_ENVIRONMENT, cwd: stack.stateDir, logFile });
  const bornAt = birth(pid) ?? 'gone';
  const record = {
    ...{ name: 'proxy', pid, bornAt, session: pid, sessionBornAt: bornAt, port: ports.ours.elasticsearch },
    ...({ stopOrder: 0, stopSignal: 'SIGQUIT', fingerprint: '' } as const),
  };
  await until('the proxy listens', () => hasListener(ports.other.elasticsearch));
  return () => stop(record, STOP_MS);
}

const urlOf = {
  redis: () => `rediss://${login}@localhost:${redisPort}`,
  rabbitmq: (which: Which) => `amqps://${login}@localhost:${ports[which].rabbitmq}`,
  mysql: () => `mysql://${login}@localhost:${stack.ports.mysql}/parley?tls=true`,
  elasticsearch: (which: Which) => `https://${login}@localhost:${ports[which].elasticsearch}`,
} as const;
type Server = keyof typeof urlOf;

async function use(server: Server, url: string, trusted: string | undefined) {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/server-tls-client.ts`, server, url], {
    env: { PATH: process.env.PATH, ...(trusted && { NODE_EXTRA_CA_CERTS: trusted }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, said: out + err };
}

/** Neither the password nor its form in the URL may be in what a program logs, or in its errors. */
function expectNoPassword(said: string, password = PASSWORD): void {
  expect(said).not.toContain(password);
  expect(said).not.toContain(encodeURIComponent(password));
}

describe.each(Object.keys(urlOf) as Server[])('%s', (server) => {
  test(
    'takes a client with the right password over TLS, if it trusts the certificate',
    async () => {
      await show('ours');
      const { code, said } = await use(server, urlOf[server]('ours'), ours.cert);
      if (code !== 0) throw new Error(said);
      expectNoPassword(said);
    },
    USE_MS,
  );

  test(
    'is not used if its certificate is not trusted',
    async () => {
      await show('ours');
      const { code, said } = await use(server, urlOf[server]('ours'), undefined);
      expect([code, said]).toEqual([1, expect.stringMatching(/self.signed certificate|HANDSHAKE_SSL_ERROR/)]);
      expectNoPassword(said);
    },
    USE_MS,
  );

  test(
    'is not used if its certificate is of another name',
    async () => {
      await show('other');
      const { code, said } = await use(server, urlOf[server]('other'), other.cert);
      expect([code, said]).toEqual([1, expect.stringMatching(/certificate's altnames|HANDSHAKE_SSL_ERROR/)]);
      expectNoPassword(said);
    },
    USE_MS,
  );

  test(
    'refuses a wrong password, which no message shows',
    async () => {
      await show('ours');
      const wrong = 'wr0ng:p@ss';
      const url = urlOf[server]('ours').replace(encodeURIComponent(PASSWORD), encodeURIComponent(wrong));
      const { code, said } = await use(server, url, ours.cert);
      expect(code).toBe(1);
      expectNoPassword(said, wrong);
    },
    USE_MS,
  );
});

test(
  'MySQL’s user that needs TLS is refused without ?tls=true',
  async () => {
    const { code } = await use('mysql', urlOf.mysql().replace('?tls=true', ''), ours.cert);
    expect(code).toBe(1);
  },
  USE_MS,
);
