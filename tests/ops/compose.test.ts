/** docker-compose.yml is a valid Compose file and agrees with the native stack. These tests need no Docker engine. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type App, appEnvironment } from '@parley/stack/apps';
import { nginxVariables, serverLines } from '@parley/stack/nginx';
import { CREDENTIALS, readSettings } from '@parley/stack/settings';
import { tlsDirectives } from '@parley/stack/tls';
import { BUN_IMAGE, BUN_VERSION, MONITORING_IMAGES, PROMETHEUS_SERIES, SERVER_VERSIONS } from '@parley/stack/versions';
import { Ajv2020 } from 'ajv/dist/2020';

const REPOSITORY = resolve(import.meta.dir, '../..');
const APPS = ['ingest', 'api', 'worker'];
const SERVERS = Object.keys(SERVER_VERSIONS);

interface ComposeService {
  image: string;
  build?: unknown;
  command?: string[];
  container_name?: string;
  depends_on?: Record<string, { condition: string }>;
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  ports?: string[];
  profiles?: string[];
  pull_policy?: string;
  read_only?: boolean;
  user?: string;
  volumes?: string[];
  cap_drop?: string[];
  mem_limit?: string;
  pids_limit?: number;
  secrets?: string[];
}

const read = (path: string): string => readFileSync(`${REPOSITORY}/${path}`, 'utf8');
const text = read('docker-compose.yml');
const compose = Bun.YAML.parse(text) as {
  services: Record<string, ComposeService>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
};
const services = Object.entries(compose.services);
const native = readSettings({}, REPOSITORY);
const tlsText = read('docker-compose.tls.yml');
const tls = Bun.YAML.parse(tlsText) as {
  services: Record<string, { environment: Record<string, string>; ports: string[]; volumes: { target: string }[] }>;
};

/** Replaces each `${NAME:-value}` by `value` and each `${NAME:+value}` by nothing, as Compose does if NAME is not set. */
const withDefaults = (value: string): string =>
  value.replace(/\$\{\w+:-([^}]*)\}/g, '$1').replace(/\$\{\w+:\+[^}]*\}/g, '');

function environmentOf(name: string): Record<string, string> {
  const environment = compose.services[name]?.environment ?? {};
  return Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, withDefaults(String(value))]));
}

describe('docker-compose.yml', () => {
  test('is valid by the schema of the Compose Specification', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
    const validate = ajv.compile(JSON.parse(read('tests/ops/fixtures/compose-spec.json')));
    validate(compose);
    expect(validate.errors).toBeNull();
  });

  test("publishes only nginx's port, and with the monitoring profile Grafana's on loopback", () => {
    const published = services.filter(([, { ports = [] }]) => ports.length > 0);
    expect(published.map(([name]) => name).sort()).toEqual(['grafana', 'nginx']);
    expect(compose.services.grafana?.profiles).toEqual(['monitoring']);
    for (const port of compose.services.grafana?.ports ?? []) expect(port).toStartWith('127.0.0.1:');
    expect(compose.networks.inside?.internal).toBe(true);
  });

  test.each(APPS)('%s can be scaled', (app) => {
    const service = compose.services[app];
    expect(service?.container_name).toBeUndefined();
    expect(service?.ports).toBeUndefined();
    expect(service?.volumes).toBeUndefined();
  });

  test('the image of the apps is built once, by the app that the others wait for, and never pulled from a registry', () => {
    const built = services.filter(([, { build }]) => build !== undefined).map(([name]) => name);
    expect(built).toEqual(['worker']);
    for (const app of APPS) expect(compose.services[app]?.pull_policy).toBe('never');
    for (const app of ['ingest', 'api']) expect(compose.services[app]?.depends_on).toHaveProperty('worker');
    expect(read('Dockerfile')).not.toContain('syntax=');
  });

  test('nginx resolves the instances of each app again and again', () => {
    const nginx = environmentOf('nginx');
    expect(nginx.NGINX_INGEST_SERVERS).toBe(serverLines(['ingest:3000 resolve']));
    expect(nginx.NGINX_API_SERVERS).toBe(serverLines(['api:3000 resolve']));
    expect(nginx.NGINX_RESOLVER).toMatch(/^resolver 127\.0\.0\.11 valid=\d+s/);
  });

  test('each service has a health check, and waits for other services to be healthy', () => {
    for (const [name, service] of services) {
      expect([name, service.healthcheck?.test.length ?? 0]).not.toEqual([name, 0]);
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(compose.services[other]).toBeDefined();
        expect(condition).toBe('service_healthy');
      }
    }
  });

  test('every service drops all capabilities, and all but Elasticsearch have a read-only file system', () => {
    for (const [, service] of services) expect(service.cap_drop).toEqual(['ALL']);
    const writable = services.filter(([, service]) => service.read_only !== true).map(([name]) => name);
    expect(writable).toEqual(['elasticsearch']);
  });

  test('every service has a limit of memory and of processes', () => {
    for (const [name, { mem_limit, pids_limit }] of services) {
      expect([name, withDefaults(mem_limit ?? '')]).toEqual([name, expect.stringMatching(/^\d+[mg]$/)]);
      expect([name, pids_limit ?? 0]).toEqual([name, expect.any(Number)]);
      expect(pids_limit).toBeGreaterThan(100);
    }
  });

  test('Elasticsearch may have twice its heap, and Redis refuses writes before it is killed', () => {
    expect(withDefaults(compose.services.elasticsearch?.mem_limit ?? '')).toBe('2g');
    expect(native.elasticsearchHeapMb * 2).toBeLessThanOrEqual(2_048);
    expect(compose.services.redis?.command?.slice(-2)).toEqual(['--maxmemory', '1gb']);
    expect(compose.services.redis?.mem_limit).toBe('2g');
  });

  test('a file with the admin keys reaches the apps as a secret, and no other service', () => {
    const knowing = services.filter(([, { secrets }]) => secrets?.includes('admin_key')).map(([name]) => name);
    expect(knowing.sort()).toEqual([...APPS].sort());
    for (const app of APPS) {
      expect(compose.services[app]?.environment?.ADMIN_KEY_FILE).toMatch(
        /^\$\{ADMIN_KEY_FILE:\+\/run\/secrets\/admin_key\}$/,
      );
    }
    expect(withDefaults(compose.secrets.admin_key?.file ?? '')).toBe('/dev/null');
  });

  test('every mounted path exists, and every named volume is declared', () => {
    for (const [, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const source = volume.split(':')[0]!;
        if (source.startsWith('.')) expect([source, existsSync(`${REPOSITORY}/${source}`)]).toEqual([source, true]);
        else expect(Object.keys(compose.volumes)).toContain(source);
      }
    }
  });
});

describe('docker-compose.yml and the native stack', () => {
  test.each(SERVERS)('%s has the same version', (name) => {
    const { series, image } = SERVER_VERSIONS[name as keyof typeof SERVER_VERSIONS];
    expect(compose.services[name]?.image).toBe(image);
    expect(image).toStartWith(`${name}:${series}.`);
  });

  test('Bun has one version everywhere', () => {
    expect(/^ARG BUN_IMAGE=(.*)$/m.exec(read('Dockerfile'))?.[1]).toBe(BUN_IMAGE);
    expect(JSON.parse(read('package.json')).workspaces.catalog['bun-types']).toBe(BUN_VERSION);
    expect(read('.bun-version').trim()).toBe(BUN_VERSION);
  });

  test('the images of monitoring are pinned too', () => {
    expect(compose.services.prometheus?.image).toBe(MONITORING_IMAGES.prometheus);
    expect(compose.services.grafana?.image).toBe(MONITORING_IMAGES.grafana);
    expect(MONITORING_IMAGES.prometheus).toStartWith(`prom/prometheus:v${PROMETHEUS_SERIES}.`);
  });

  test.each(APPS)('%s is started by the same command, with the same variables', (app) => {
    expect(compose.services[app]?.command).toEqual(['bun', `apps/${app}/src/main.ts`]);
    const here = appEnvironment(native, app as App, native.ports.ingest);
    const there = environmentOf(app);
    expect(Object.keys(there).sort()).toEqual(Object.keys(here).sort());
    const told = Object.keys(here).filter((name) => !/^(PORT|HOST|(?!PUBLIC)\w+_URL)$/.test(name));
    expect(told).toEqual(expect.arrayContaining(['PARTITIONS', 'LOG_LEVEL', 'BUN_JSC_forceRAMSize', 'ADMIN_KEY']));
    for (const name of told) expect([name, there[name]]).toEqual([name, here[name] as string]);
    for (const name of Object.keys(here).filter((each) => each.endsWith('_URL') && each !== 'PUBLIC_URL')) {
      const [a, b] = [new URL(here[name]!), new URL(there[name]!)];
      expect([b.protocol, b.username, b.password, b.pathname]).toEqual([
        a.protocol,
        a.username,
        a.password,
        a.pathname,
      ]);
      expect(SERVERS).toContain(b.hostname);
    }
  });

  test('nginx gets every variable of its template, with the same limits', () => {
    const template = read('nginx/nginx.conf.template');
    const wanted = new Set([...template.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!));
    const here = nginxVariables(native);
    const there = environmentOf('nginx');
    expect(Object.keys(here).sort()).toEqual([...wanted].sort());
    for (const name of wanted) expect(there).toHaveProperty(name);
    const same = ['RATE_LIMIT', 'RATE_PER_SECOND', 'RATE_BURST', 'CORS_ORIGINS', 'TLS', 'HTTPS_PORT'];
    for (const name of same) expect(there[`NGINX_${name}`]).toBe(here[`NGINX_${name}`]!);
  });

  test('docker-compose.tls.yml gives nginx the same TLS, and publishes its port', () => {
    const given = { TLS_CERT: '/a', TLS_KEY: '/b' };
    const here = nginxVariables({ ...readSettings(given, REPOSITORY), nginxHost: '0.0.0.0' });
    const there = tls.services.nginx!;
    const inside = tlsDirectives(['8443'], '/run/tls');
    expect(there.environment.NGINX_TLS).toBe(inside);
    expect(withDefaults(there.environment.NGINX_HTTPS_PORT ?? '')).toBe('443');
    expect(here.NGINX_TLS).toBe(inside.replace('8443', '0.0.0.0:8443').replaceAll('/run/tls', '/stack/nginx'));
    expect(there.ports.map(withDefaults)).toEqual(['443:8443']);
    expect(there.volumes.map(({ target }) => target)).toEqual(['/run/tls/certificate.pem', '/run/tls/certificate.key']);
    for (const { target } of there.volumes) expect(inside).toContain(target);
  });

  test.each([
    ['redis', 'redis.conf'],
    ['rabbitmq', 'rabbitmq.conf'],
    ['mysql', 'mysql.cnf'],
    ['elasticsearch', 'elasticsearch.yml'],
  ])('%s reads the same file, stack/conf/%s', (name, file) => {
    const mounted = compose.services[name]?.volumes?.filter((volume) => volume.startsWith(`./stack/conf/${file}:`));
    expect(mounted).toHaveLength(1);
    expect(mounted?.[0]).toEndWith(':ro');
    expect(read(`stack/servers/${name}.ts`)).toContain(`stack/conf/${file}`);
  });

  test("the servers' users are the same", () => {
    expect(environmentOf('rabbitmq')).toEqual({
      RABBITMQ_DEFAULT_USER: CREDENTIALS.user,
      RABBITMQ_DEFAULT_PASS: CREDENTIALS.password,
    });
    expect(environmentOf('mysql')).toMatchObject({
      MYSQL_USER: CREDENTIALS.user,
      MYSQL_PASSWORD: CREDENTIALS.password,
      MYSQL_MIGRATION_PASSWORD: CREDENTIALS.password,
      MYSQL_DATABASE: CREDENTIALS.database,
    });
    const volumes = compose.services.mysql?.volumes ?? [];
    expect(volumes).toContain('./stack/conf/mysql-users.sql:/etc/parley/mysql-users.sql:ro');
    expect(volumes).toContain('./docker/mysql/users.sh:/docker-entrypoint-initdb.d/users.sh:ro');
    expect(read('stack/servers/mysql.ts')).toContain('stack/conf/mysql-users.sql');
    expect(environmentOf('elasticsearch').ES_JAVA_OPTS).toContain(`-Xmx${native.elasticsearchHeapMb}m`);
  });

  test('only the workers know the MySQL user that may change tables', () => {
    const knowing = services.filter(([name]) => environmentOf(name).MYSQL_MIGRATION_URL !== undefined);
    expect(knowing.map(([name]) => name)).toEqual(['worker']);
  });

  test('the image makes MySQL’s users from the same file, with the passwords of the environment', async () => {
    const script = `${REPOSITORY}/docker/mysql/users.sh`;
    // MySQL's image sources a file that is not executable. users.sh must be sourced: it calls a function of the image.
    expect(statSync(script).mode & 0o111).toBe(0);
    const image = `docker_process_sql() { cat; }; . ${script}`;
    const made = Bun.spawnSync(['bash', '-c', image], {
      env: {
        MYSQL_USERS_FILE: `${REPOSITORY}/stack/conf/mysql-users.sql`,
        MYSQL_PASSWORD: "it's & \\",
        MYSQL_MIGRATION_PASSWORD: 'other',
      },
    });
    const expected = read('stack/conf/mysql-users.sql')
      .replaceAll('{MYSQL_PASSWORD}', () => "it''s & \\\\")
      .replaceAll('{MYSQL_MIGRATION_PASSWORD}', 'other');
    expect(made.stdout.toString()).toBe(expected);
    expect(expected).not.toMatch(/[{}]/);
  });

  test('health checks are the same', () => {
    const probes = read('stack/probe.ts');
    const checkOf = (name: string): string => compose.services[name]?.healthcheck?.test.join(' ') ?? '';
    for (const app of APPS) {
      expect(checkOf(app)).toBe('CMD bun docker/ready.ts');
      expect(probes).toContain(`${app}: (port) => answersHttp(port, '/readyz')`);
    }
    expect(read('docker/ready.ts')).toContain('/readyz');
    for (const path of ['/healthz', '/_cluster/health?wait_for_status=yellow']) {
      expect(`${checkOf('nginx')} ${checkOf('elasticsearch')}`).toContain(path);
      expect(probes).toContain(path);
    }
    expect(read('Dockerfile')).toContain('docker/ready.ts');
  });
});

test('.env.example names every variable of the compose files, with its default', () => {
  const both = text + tlsText;
  const used = new Map([...both.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name, value]) => [name!, value!]));
  used.delete('PARLEY_VERSION');
  used.set('ADMIN_KEY_FILE', ''); // the default, an empty file, is only mounted
  const example = new Map(
    [...read('.env.example').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
  );
  expect([...example].sort()).toEqual([...used].sort());
  expect(both.match(/(?<!\$)\$\{\w+\}/g)).toBeNull();
  const needed = [...both.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!);
  const proposed = [...read('.env.example').matchAll(/^#(\w+)=/gm)].map(([, name]) => name!);
  expect(proposed.sort()).toEqual(['COMPOSE_FILE', ...needed].sort());
});
