/**
 * The stack's settings, read once from the environment. Every port is a variable and all state is in one folder, so two
 * stacks can run on one machine. They share the installed programs through a cache folder.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Settings {
  readonly repository: string;
  readonly stateDir: string;
  readonly cacheDir: string;
  readonly ports: Ports;
  /** The servers' ports that the apps are given: the real ones, or those of proxies in front. */
  readonly appPorts: Ports;
  readonly instances: { readonly ingest: number; readonly api: number; readonly worker: number };
  /**
   * The address on which nginx listens; `localhost`: both loopback addresses. Servers and apps only listen on loopback.
   */
  readonly nginxHost: string;
  readonly nginxRateLimit: RateLimit;
  /** How many requests nginx accepts from one client address at the same time. */
  readonly nginxConnections: number;
  /** The host names that nginx accepts, separated by commas; if empty, any. */
  readonly nginxAllowedHosts: string;
  /** The address under which clients call Parley; if empty, the host that their requests name. */
  readonly publicUrl: string;
  readonly nginxLogAddresses: string;
  /** The certificate for HTTPS; without one nginx speaks HTTP only. */
  readonly tls?: TlsFiles & { readonly port: number };
  /** The origins of web pages that may call Parley, separated by commas; if empty, none. */
  readonly corsOrigins: string;
  /** For the apps: ADMIN_KEY, ADMIN_KEY_FILE. */
  readonly adminKey: Readonly<Record<string, string>>;
  /** The limits of applications that have none of their own, LIMIT_…; 0: none. */
  readonly limits: Readonly<Record<string, string>>;
  readonly partitions: number;
  /** The number of shards of search indices that are created from now on. */
  readonly indexShards: number;
  readonly logLevel: string;
  readonly elasticsearchHeapMb: number;
  readonly appEnvironment: Readonly<Record<string, string>>;
}

export interface Ports {
  readonly nginx: number;
  /** The port of HTTPS; undefined without a certificate. */
  readonly https?: number;
  /** The port of nginx's own metrics (stub_status), on loopback. */
  readonly nginxStatus: number;
  readonly redis: number;
  readonly rabbitmq: number;
  /** The port of Erlang's distribution. It and epmd's port must differ between two brokers. */
  readonly rabbitmqDist: number;
  readonly epmd: number;
  /** The port of RabbitMQ's metrics for Prometheus; undefined if it serves none. */
  readonly rabbitmqMetrics?: number;
  readonly mysql: number;
  readonly elasticsearch: number;
  readonly elasticsearchTransport: number;
  /** The port of the first ingest; each further instance has the next one. The same for api and worker. */
  readonly ingest: number;
  readonly api: number;
  readonly worker: number;
}

export interface TlsFiles {
  /** Paths of PEM files: the certificate with those between it and the root, and its key. */
  readonly cert: string;
  readonly key: string;
}

interface RateLimit {
  readonly on: boolean;
  readonly perSecond: number;
  readonly burst: number;
}

/** The same in every stack: the servers listen on loopback only, and hold only this system's data. */
export const CREDENTIALS = {
  user: 'parley',
  /** The MySQL user who creates and changes tables; `user` reads and writes rows. */
  migrationUser: 'parley_migration',
  password: 'parley',
  database: 'parley',
} as const;

/** The unprivileged user that the servers run as (nobody on Debian). */
export const SERVICE_USER = { uid: 65_534, gid: 65_534 } as const;

/** A setting that cannot be used, or a machine that lacks what the native stack needs. The message is for the user. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
}

const LIMITS = [
  'LIMIT_MESSAGES_PER_SECOND',
  'LIMIT_REQUESTS_PER_SECOND',
  'LIMIT_CREATES_IN_FLIGHT',
  'LIMIT_LIVE_CONNECTIONS',
] as const;

const LOOPBACK_NAMES = 'localhost,127.0.0.1,[::1]';

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.startsWith('127.') || host === '[::1]';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads all settings. @throws {Unusable} naming the first wrong variable and its value */
export function readSettings(environment: Environment, repository: string): Settings {
  const integer = (name: string, fallback: number, min: number, max: number): number => {
    const text = environment[name];
    if (text === undefined || text === '') return fallback;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new Unusable(`${name} must be a whole number from ${min} to ${max}; it is '${text}'.`);
  };
  const port = (name: string, fallback: number): number => integer(name, fallback, 1, 65_535);
  const folder = (name: string, fallback: string): string => resolve(environment[name] || fallback);

  const rabbitmq = port('RABBITMQ_PORT', 5672);
  const elasticsearch = port('ELASTICSEARCH_PORT', 9200);
  const cacheHome = environment.XDG_CACHE_HOME || join(homedir(), '.cache');
  const nginx = port('PORT', 8080);
  const tlsFiles = readTlsFiles(environment);
  const https = port('HTTPS_PORT', 8443);
  const ports: Ports = {
    nginx,
    ...(tlsFiles && { https }),
    nginxStatus: port('NGINX_STATUS_PORT', Math.min(nginx + 1, 65_535)),
    redis: port('REDIS_PORT', 6379),
    rabbitmq,
    rabbitmqDist: port('RABBITMQ_DIST_PORT', Math.min(rabbitmq + 1_000, 65_535)),
    // As far below RabbitMQ's port as by default (5672, 4369): another RABBITMQ_PORT is enough for a second stack.
    epmd: port('EPMD_PORT', Math.max(rabbitmq - 1_303, 1)),
    ...(environment.RABBITMQ_METRICS_PORT && { rabbitmqMetrics: port('RABBITMQ_METRICS_PORT', 1) }),
    mysql: port('MYSQL_PORT', 3306),
    elasticsearch,
    elasticsearchTransport: port('ELASTICSEARCH_TRANSPORT_PORT', Math.min(elasticsearch + 100, 65_535)),
    ingest: port('INGEST_PORT', 3100),
    api: port('API_PORT', 3200),
    worker: port('WORKER_PORT', 3300),
  };
  const nginxHost = environment.NGINX_HOST || 'localhost';
  const settings: Settings = {
    repository,
    stateDir: folder('STACK_DIR', join(repository, '.stack')),
    cacheDir: folder('STACK_CACHE', join(cacheHome, 'parley')),
    ports,
    appPorts: {
      ...ports,
      redis: port('REDIS_APP_PORT', ports.redis),
      rabbitmq: port('RABBITMQ_APP_PORT', ports.rabbitmq),
      mysql: port('MYSQL_APP_PORT', ports.mysql),
      elasticsearch: port('ELASTICSEARCH_APP_PORT', ports.elasticsearch),
    },
    instances: {
      ingest: integer('INGESTS', 1, 1, 64),
      api: integer('APIS', 1, 1, 64),
      worker: integer('WORKERS', 1, 1, 64),
    },
    nginxHost,
    nginxRateLimit: {
      on: onOrOff('NGINX_RATE_LIMIT', environment.NGINX_RATE_LIMIT),
      perSecond: integer('NGINX_RATE_PER_SECOND', 100, 1, 1_000_000),
      burst: integer('NGINX_RATE_BURST', 200, 1, 1_000_000),
    },
    nginxConnections: integer('NGINX_CONNECTIONS_PER_ADDRESS', 2_000, 1, 1_000_000),
    publicUrl: environment.PUBLIC_URL ?? '',
    // On loopback only loopback's names are allowed: otherwise a web page whose name resolves to this machine could
    // call Parley.
    nginxAllowedHosts: (environment.NGINX_ALLOWED_HOSTS || (isLoopback(nginxHost) ? LOOPBACK_NAMES : '')).replaceAll(
      ' ',
      '',
    ),
    nginxLogAddresses: environment.NGINX_LOG_ADDRESSES || 'short',
    ...(tlsFiles && { tls: { ...tlsFiles, port: https } }),
    corsOrigins: environment.CORS_ORIGINS ?? '',
    adminKey: readAdminKey(environment),
    limits: Object.fromEntries(LIMITS.map((name) => [name, String(integer(name, 0, 0, 1_000_000_000))])),
    partitions: integer('PARTITIONS', 8, 1, 1_024),
    indexShards: integer('INDEX_SHARDS', 1, 1, 1_024),
    logLevel: environment.LOG_LEVEL || 'info',
    elasticsearchHeapMb: integer('ELASTICSEARCH_HEAP_MB', 512, 256, 31_744),
    appEnvironment: passedOn(environment),
  };
  refuseSharedPorts(settings);
  return settings;
}

const ADMIN_KEYS = /^[!-+\--~]{32,}(?:,[!-+\--~]{32,})*$/;

/** @throws {Unusable} without showing a key: here, because an app would only tell it in its log */
function readAdminKey({ ADMIN_KEY: key = '', ADMIN_KEY_FILE: file = '' }: Environment): Record<string, string> {
  if (key !== '' && file !== '') throw new Unusable('ADMIN_KEY and ADMIN_KEY_FILE are both given: only one may be.');
  if (key !== '' && !ADMIN_KEYS.test(key)) {
    throw new Unusable('ADMIN_KEY must be keys of at least 32 visible ASCII characters, separated by commas.');
  }
  return { ADMIN_KEY: key, ADMIN_KEY_FILE: file === '' ? '' : resolve(file) };
}

/** What to tell at the start if no admin key is given; undefined if one is. */
export function openModeNote({ adminKey, nginxHost, ports }: Settings): string | undefined {
  if (adminKey.ADMIN_KEY || adminKey.ADMIN_KEY_FILE) return undefined;
  const who = isLoopback(nginxHost)
    ? 'everybody on this machine'
    : `whoever reaches ${nginxHost}:${ports.nginx}, also from other machines,`;
  return `No ADMIN_KEY is given. Unless keys were turned on before, ${who} may do everything (docs/security.md).`;
}

/** @throws {Unusable} if one of the two is missing: nginx must not speak HTTP where TLS is wanted */
function readTlsFiles({ TLS_CERT: cert, TLS_KEY: key }: Environment): TlsFiles | undefined {
  if (!cert && !key) return undefined;
  if (cert && key) return { cert: resolve(cert), key: resolve(key) };
  throw new Unusable(`${cert ? 'TLS_KEY' : 'TLS_CERT'} is missing: HTTPS needs a certificate and its key.`);
}

/**
 * The variables that STACK_PASS names, for the apps. They get no others of our environment, which differs between
 * shells.
 */
function passedOn(environment: Environment): Record<string, string> {
  const names = (environment.STACK_PASS ?? '').split(',').map((name) => name.trim());
  return Object.fromEntries(names.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}

function onOrOff(name: string, text: string | undefined): boolean {
  if (text === undefined || text === '' || text === 'off') return false;
  if (text === 'on') return true;
  throw new Unusable(`${name} must be 'on' or 'off'; it is '${text}'.`);
}

/** Throws if two programs have one port. Otherwise one of them would just not become ready, half a minute later. */
function refuseSharedPorts({ ports, instances }: Settings): void {
  const taken = new Map<number, string>();
  for (const [name, first] of Object.entries(ports)) {
    const count = name === 'ingest' || name === 'api' || name === 'worker' ? instances[name] : 1;
    for (let port = first; port < first + count; port += 1) {
      const other = taken.get(port);
      if (other !== undefined) throw new Unusable(`Port ${port} is given to both ${other} and ${name}.`);
      taken.set(port, name);
    }
  }
}
