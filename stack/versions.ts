/**
 * The one place for versions: `series` is for the native stack, `image` for docker-compose.yml. A test compares the
 * compose file with this table, so the two systems cannot drift apart unnoticed.
 */
export const BUN_VERSION = '1.4.5';
/** The base image for building the apps' image. */
export const BUN_IMAGE = `oven/bun:${BUN_VERSION}-slim`;
/** The images of the optional profile `monitoring`; the native stack has no monitoring. */
export const MONITORING_IMAGES = { prometheus: 'prom/prometheus:v3.15.1', grafana: 'grafana/grafana:13.2.3' } as const;
/** The major version of Prometheus that tests install from Debian; the same as the image's. */
export const PROMETHEUS_SERIES = '3';
export const ELASTICSEARCH_VERSION = '9.5.3';
/** Elasticsearch 9 does not start on an older Java. */
export const JAVA_MAJOR_MIN = 21;

/** The versions with which the tests run docker-compose.yml. The file needs engine 25 or newer. */
export const DOCKER_SERIES = { engine: '28.5', compose: '2.40', buildx: '0.29' } as const;

/** Each server's series (the Debian packages) and its image in docker-compose.yml. */
export const SERVER_VERSIONS = {
  redis: { series: '8.0', image: 'redis:8.0.6' },
  rabbitmq: { series: '4.3', image: 'rabbitmq:4.3.6' },
  mysql: { series: '9.7', image: 'mysql:9.7.4' },
  elasticsearch: { series: '9.5', image: `elasticsearch:${ELASTICSEARCH_VERSION}` },
  nginx: { series: '1.30', image: 'nginx:1.30.6' },
} as const;
