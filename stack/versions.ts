/**
 * The one place where versions of the servers are written down. `series` is what the native stack runs, `image` what
 * docker-compose.yml runs; a test holds the compose file to this table, so the two systems cannot drift apart unseen.
 */
export const BUN_VERSION = '1.4.5';
/** What the apps' image is built on. */
export const BUN_IMAGE = `oven/bun:${BUN_VERSION}-slim`;
/** The optional profile `monitoring`; the native stack has no such thing. */
export const MONITORING_IMAGES = { prometheus: 'prom/prometheus:v3.15.1', grafana: 'grafana/grafana:13.2.3' } as const;
/** What the tests take from Debian: the image's major version. */
export const PROMETHEUS_SERIES = '3';
export const ELASTICSEARCH_VERSION = '9.5.3';
/** Elasticsearch 9 does not start on an older one. */
export const JAVA_MAJOR_MIN = 21;

/** What the tests run docker-compose.yml with; the file needs an engine of 25 at least. */
export const DOCKER_SERIES = { engine: '28.5', compose: '2.40', buildx: '0.29' } as const;

/** What each server must at least be (the Debian packages) and the image that stands for it in docker-compose.yml. */
export const SERVER_VERSIONS = {
  redis: { series: '8.0', image: 'redis:8.0.6' },
  rabbitmq: { series: '4.3', image: 'rabbitmq:4.3.6' },
  mysql: { series: '9.7', image: 'mysql:9.7.4' },
  elasticsearch: { series: '9.5', image: `elasticsearch:${ELASTICSEARCH_VERSION}` },
  nginx: { series: '1.30', image: 'nginx:1.30.6' },
} as const;
