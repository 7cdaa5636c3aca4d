import { type Static, type TObject, Type } from 'typebox';
import { Value } from 'typebox/value';
import { isBadUrl, isSecret, secretOf, secretUrl } from './secrets.ts';

/** An environment variable is missing or wrong. The message names each such variable and what it must be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the variables that `schema` names from `env`, one for each property. An empty variable counts as not set.
 * Numbers and booleans are converted from text. A secret may be in a file (secrets.ts). Throws ConfigError with a line for
 * each wrong variable; the lines have no secrets.
 */
export function readConfig<Schema extends TObject>(
  schema: Schema,
  env: Readonly<Record<string, string | undefined>>,
): Static<Schema> {
  const given: Record<string, unknown> = {};
  const problems = new Map<string, string>();
  for (const [name, property] of Object.entries(schema.properties)) {
    const { text, problem } = isSecret(property) ? secretOf(name, env) : { text: env[name] };
    if (problem !== undefined) problems.set(name, problem);
    if (text === undefined || text === '') continue;
    given[name] = convert(property, text);
    if (isBadUrl(property, text)) problems.set(name, `${name} is no URL${about(schema, name)}`);
  }
  const config = Value.Default(schema, given);
  const isValid = Value.Check(schema, config);
  if (isValid && problems.size === 0) return config as Static<Schema>;
  const others = isValid ? [] : Value.Errors(schema, config).flatMap((error) => describe(schema, env, error));
  const lines = others.filter(({ name }) => !problems.has(name)).map(({ line }) => line);
  throw new ConfigError([...problems.values(), ...lines].join('\n'));
}

/**
 * Returns `text` as a number or boolean if the schema wants one and it is one, else as it is: the check then refuses it
 * unless the schema wants text.
 */
function convert(schema: unknown, text: string): unknown {
  const { type } = schema as { type?: string };
  if ((type === 'integer' || type === 'number') && /^-?[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function describe(
  schema: TObject,
  env: Readonly<Record<string, string | undefined>>,
  error: { keyword: string; instancePath: string; message: string; params: object },
): { readonly name: string; readonly line: string }[] {
  if (error.keyword === 'required') {
    const { requiredProperties } = error.params as { requiredProperties: string[] };
    return requiredProperties.map((name) => ({ name, line: `${name} is missing${about(schema, name)}` }));
  }
  const name = error.instancePath.slice(1);
  const told = isSecret(schema.properties[name])
    ? `${name} is wrong`
    : `${name}=${JSON.stringify(env[name])} ${error.message}`;
  return [{ name, line: `${told}${about(schema, name)}` }];
}

function about(schema: TObject, name: string): string {
  const description = (schema.properties[name] as { description?: string } | undefined)?.description;
  return description === undefined ? '' : `: ${description}`;
}

export const publicUrlConfig = {
  PUBLIC_URL: Type.String({
    default: '',
    pattern: '^(https?://[A-Za-z0-9._:\\[\\]-]+)?$',
    description:
      "clients' address for the document and first page, such as https://chat.example.com (no path); empty: the one asked",
  }),
};

/** For the programs that answer clients. */
export const corsConfig = {
  CORS_ORIGINS: Type.String({
    default: '',
    description:
      'web origins whose pages may call the API, such as https://app.example.com, separated by commas; * is every one, in open mode',
  }),
};

export const commonConfig = {
  HOST: Type.String({ default: '0.0.0.0', description: 'the address to listen on' }),
  LOG_LEVEL: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    default: 'info',
    description:
      'the least severe level that is logged: trace, debug (each request), info, warn, error, fatal or silent',
  }),
  REQUEST_TIMEOUT_MS: Type.Integer({
    default: 30_000,
    minimum: 100,
    description: "milliseconds from a request's first byte to its last; then 408",
  }),
  STOP_TIMEOUT_MS: Type.Integer({
    default: 10_000,
    minimum: 100,
    description: 'milliseconds that a stop may take after DRAIN_MS and LINGER_MS; then the program ends all the same',
  }),
  DRAIN_MS: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'milliseconds from SIGTERM, when /readyz turns 503, to the end of accepting connections',
  }),
};

/** The servers of every distributed app, and the number of partitions, the same in all. Elasticsearch is apart. */
export const serverConfig = {
  REDIS_URL: Type.String({
    ...secretUrl,
    minLength: 1,
    description: 'redis://host:port, or redis+sentinel://host:port,…/master, or redis+cluster://host:port,…',
  }),
  RABBITMQ_URL: Type.String({
    ...secretUrl,
    pattern: '^amqps?://',
    description: 'where RabbitMQ is: amqp://user:password@host:port',
  }),
  MYSQL_URL: Type.String({
    ...secretUrl,
    pattern: '^mysql://',
    description: 'where MySQL is: mysql://user:password@host:port/database',
  }),
  PARTITIONS: Type.Integer({
    default: 8,
    minimum: 1,
    maximum: 1024,
    description: 'the number of partitions, the same in every program and for ever',
  }),
};

/** For programs behind a load balancer, or of which several processes share a port. */
export const balancedConfig = {
  LINGER_MS: Type.Integer({
    default: 6_000,
    minimum: 0,
    description:
      'milliseconds a stop waits for connections to end; set it above the idle time of a load balancer (nginx: 4 s)',
  }),
  REUSE_PORT: Type.Boolean({
    default: false,
    description: 'true: several processes of this program share PORT',
  }),
};

/** For the programs that keep the feed. */
export const feedConfig = {
  LIVE_WINDOW_S: Type.Integer({
    default: 86_400,
    minimum: 60,
    description: 'seconds for which changes are kept for live streams that come back',
  }),
  LIVE_WINDOW_BYTES: Type.Integer({
    default: 1024 ** 3,
    minimum: 1024 ** 2,
    description: 'about as many bytes of changes are kept for live streams, in all partitions together',
  }),
};

/** For the programs that remove what was deleted or is too old. */
export const purgeConfig = {
  PURGE_SHARE: Type.Number({
    default: 0.2,
    minimum: 0.001,
    maximum: 1,
    description: 'the share of its time in which a program removes what was deleted or is too old',
  }),
  RETENTION_PATTERN: Type.String({
    default: '0 0 * * * *',
    description: 'when messages that are too old are looked for: a cron pattern with seconds',
  }),
};

export const elasticsearchConfig = {
  ELASTICSEARCH_URL: Type.String({
    ...secretUrl,
    pattern: '^https?://',
    description: 'where Elasticsearch is: http://host:port',
  }),
};

export function portConfig(fallback: number) {
  return Type.Integer({ default: fallback, minimum: 0, maximum: 65_535, description: 'the TCP port to listen on' });
}
