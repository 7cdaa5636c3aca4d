/**
 * The environment variables of bin/stack and docker-compose.yml, for the table in docs/running.md. Tests compare this
 * list with settings.ts and the compose file.
 */
export interface Variable {
  readonly name: string;
  /** What reads the variable. */
  readonly of: readonly ('bin/stack' | 'docker compose')[];
  /** The default, as a value or in words; empty if there is none. */
  readonly fallback: string;
  readonly description: string;
}

const NATIVE = ['bin/stack'] as const;
const COMPOSE = ['docker compose'] as const;
const BOTH = ['bin/stack', 'docker compose'] as const;

const of = (where: Variable['of'], rows: readonly (readonly [name: string, fallback: string, description: string])[]) =>
  rows.map(([name, fallback, description]): Variable => ({ name, of: where, fallback, description }));

export const VARIABLES: readonly Variable[] = [
  ...of(BOTH, [
    ['ADMIN_KEY', '', 'told to the apps: turns keys on'],
    ['ADMIN_KEY_FILE', '', 'a file with ADMIN_KEY'],
    ['CORS_ORIGINS', '', 'told to nginx, ingest and api'],
    ['ELASTICSEARCH_HEAP_MB', '512', "megabytes of Elasticsearch's heap"],
    ['INDEX_SHARDS', '1', 'told to the worker'],
    ['LIMIT_CREATES_IN_FLIGHT', '0', 'told to ingest and api'],
    ['LIMIT_LIVE_CONNECTIONS', '0', 'told to ingest and api'],
    ['LIMIT_MESSAGES_PER_SECOND', '0', 'told to ingest and api'],
    ['LIMIT_REQUESTS_PER_SECOND', '0', 'told to ingest and api'],
    ['LOG_LEVEL', 'info', 'told to the apps'],
    ['NGINX_CONNECTIONS_PER_ADDRESS', '2000', 'requests at once from one address, then 429; raise it behind a proxy'],
    ['NGINX_LOG_ADDRESSES', 'short', 'of the access log; `full`: with applications’ tokens and search texts'],
    [
      'NGINX_RATE_LIMIT',
      'off',
      '`on`: `NGINX_RATE_PER_SECOND` for each address, bursts of `NGINX_RATE_BURST`, then 429',
    ],
    ['NGINX_RATE_PER_SECOND', '100', 'where NGINX_RATE_LIMIT is on'],
    ['NGINX_RATE_BURST', '200', 'where NGINX_RATE_LIMIT is on'],
    ['PARTITIONS', '8', 'told to the apps; fixed by the first start'],
    ['PUBLIC_URL', '', 'told to the api'],
    [
      'TLS_CERT',
      '',
      'a PEM file with the certificate for [HTTPS](security.md#https) and those between it and the root',
    ],
    ['TLS_KEY', '', "a PEM file with the certificate's key"],
  ]),
  ...of(NATIVE, [
    ['API_PORT', '3200', 'of the first api, the next ones count up'],
    ['APIS', '1', 'instances'],
    ['ELASTICSEARCH_APP_PORT', 'ELASTICSEARCH_PORT', 'where the apps connect: a proxy'],
    ['ELASTICSEARCH_PORT', '9200', 'a port of loopback'],
    ['ELASTICSEARCH_TRANSPORT_PORT', 'ELASTICSEARCH_PORT + 100', "between Elasticsearch's nodes"],
    ['EPMD_PORT', 'RABBITMQ_PORT - 1303', "Erlang's port mapper"],
    ['HTTPS_PORT', '8443', 'nginx, with TLS_CERT'],
    ['INGEST_PORT', '3100', 'of the first ingest, the next ones count up'],
    ['INGESTS', '1', 'instances'],
    ['MYSQL_APP_PORT', 'MYSQL_PORT', 'where the apps connect: a proxy'],
    ['MYSQL_PORT', '3306', 'a port of loopback'],
    [
      'NGINX_ALLOWED_HOSTS',
      "loopback's, where nginx listens there",
      'host names that are answered, separated by commas; others get [421](decisions/0018-one-reading-of-an-address.md)',
    ],
    ['NGINX_HOST', 'localhost', 'where nginx listens; `0.0.0.0` lets other machines in'],
    ['NGINX_STATUS_PORT', 'PORT + 1', '`/nginx_status`, on loopback'],
    ['PORT', '8080', 'nginx'],
    ['RABBITMQ_APP_PORT', 'RABBITMQ_PORT', 'where the apps connect: a proxy'],
    ['RABBITMQ_DIST_PORT', 'RABBITMQ_PORT + 1000', "Erlang's own, between RabbitMQ's nodes"],
    ['RABBITMQ_METRICS_PORT', 'none', "RabbitMQ's own figures, for a Prometheus"],
    ['RABBITMQ_PORT', '5672', 'a port of loopback'],
    ['REDIS_APP_PORT', 'REDIS_PORT', 'where the apps connect: a proxy'],
    ['REDIS_PORT', '6379', 'a port of loopback'],
    ['STACK_CACHE', '~/.cache/parley', 'installed servers'],
    ['STACK_DIR', '.stack in the repository', '[state folder](#the-state-folder)'],
    ['STACK_PASS', '', 'further variables for the apps, separated by commas'],
    ['WORKER_PORT', '3300', 'of the first worker, the next ones count up'],
    ['WORKERS', '1', 'instances'],
    ['XDG_CACHE_HOME', '~/.cache', 'the folder above that of STACK_CACHE'],
  ]),
  ...of(COMPOSE, [
    ['ELASTICSEARCH_MEMORY', '2g', "the limit of Elasticsearch's container; at least the heap, twice"],
    ['GRAFANA_PASSWORD', 'parley', "of Grafana's user `admin`, in the profile `monitoring`"],
    ['GRAFANA_PORT', '3000', 'Grafana, on loopback, in the profile `monitoring`'],
    ['HTTP_PORT', '80', 'nginx'],
    ['HTTPS_PORT', '443', 'nginx, with docker-compose.tls.yml'],
    [
      'MYSQL_MIGRATION_PASSWORD',
      'parley',
      "of MySQL's user who makes and changes tables; taken when the volume is made",
    ],
    ['MYSQL_PASSWORD', 'parley', "of MySQL's user who reads and writes rows; taken when the volume is made"],
    ['NGINX_ALLOWED_HOSTS', '', 'host names that are answered, separated by commas; empty: any'],
    ['PARLEY_VERSION', 'local', 'the tag of the image that is built'],
    ['RABBITMQ_PASSWORD', 'parley', "of RabbitMQ's user; taken when the volume is made"],
  ]),
];
