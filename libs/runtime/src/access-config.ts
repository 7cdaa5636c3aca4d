/** The settings of keys and limits, and the check that a keyed installation has passwords of its own. */
import { type Static, Type } from 'typebox';
import { ConfigError } from './config.ts';
import type { Logger } from './logger.ts';
import { secret } from './secrets.ts';

const KEY = '[!-+\\--~]{32,}';

export const adminKeyConfig = {
  ADMIN_KEY: Type.String({
    ...secret,
    default: '',
    pattern: `^(${KEY}(,${KEY})*)?$`,
    description: 'keys of the operator, each at least 32 visible ASCII characters, separated by commas; turns keys on',
  }),
};

/** For the programs that answer clients. 0: no limit. */
export const accessConfig = {
  ...adminKeyConfig,
  LIMIT_MESSAGES_PER_SECOND: limit('messages that an application may create a second, over all programs'),
  LIMIT_REQUESTS_PER_SECOND: limit('requests of an application a second, in each program'),
  LIMIT_CREATES_IN_FLIGHT: limit('creates of an application that are not answered yet, in each program'),
  LIMIT_LIVE_CONNECTIONS: limit('live streams of an application at the same time, in each program'),
};

function limit(description: string) {
  return Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1_000_000_000,
    description: `${description}, unless it has a limit of its own; 0: no limit`,
  });
}

type AccessConfig = { readonly [Name in keyof typeof accessConfig]: Static<(typeof accessConfig)[Name]> };

/** The keys of ADMIN_KEY; none if it is not set. */
export function adminKeysOf(config: Pick<AccessConfig, 'ADMIN_KEY'>): readonly string[] {
  return config.ADMIN_KEY === '' ? [] : config.ADMIN_KEY.split(',');
}

/** The limits of an application that has none of its own. One that is undefined is no limit. */
export function limitsOf(config: AccessConfig) {
  return {
    messagesPerSecond: config.LIMIT_MESSAGES_PER_SECOND || undefined,
    requestsPerSecond: config.LIMIT_REQUESTS_PER_SECOND || undefined,
    createsInFlight: config.LIMIT_CREATES_IN_FLIGHT || undefined,
    liveConnections: config.LIMIT_LIVE_CONNECTIONS || undefined,
  };
}

/** What docker-compose.yml and bin/stack take where no password is given. Everybody can read it there. */
const PUBLISHED_PASSWORD = 'parley';
/** The URLs with a password, each with the variable of docker-compose.yml that sets it. */
const PASSWORDS = {
  MYSQL_URL: 'MYSQL_PASSWORD',
  MYSQL_MIGRATION_URL: 'MYSQL_MIGRATION_PASSWORD',
  RABBITMQ_URL: 'RABBITMQ_PASSWORD',
} as const;
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;

type Passworded = Pick<AccessConfig, 'ADMIN_KEY'> & {
  readonly [Name in keyof typeof PASSWORDS]?: string | undefined;
};

/**
 * Returns the configuration as it is. Throws ConfigError if it has ADMIN_KEY, but a server on another host has the
 * published default password: whoever reaches that server needs no key.
 */
export function refusePublishedPasswords<Config extends Passworded>(config: Config): Config {
  if (config.ADMIN_KEY === '') return config;
  const lines = published(config).flatMap(({ name, variable, loopback }) =>
    loopback ? [] : [`${name} has the published default password, and ADMIN_KEY is set: set ${variable}`],
  );
  if (lines.length > 0) throw new ConfigError(lines.join('\n'));
  return config;
}

/** Warns if the configuration has ADMIN_KEY, but a server on this machine has the published default password. */
export function warnOfPublishedPasswords(config: Passworded, logger: Logger): void {
  if (config.ADMIN_KEY === '') return;
  for (const { name } of published(config)) {
    logger.warn(`${name} has the published default password: whoever has an account on this machine needs no key`);
  }
}

function published(config: Passworded) {
  return Object.entries(PASSWORDS).flatMap(([name, variable]) => {
    const url = URL.parse(config[name as keyof typeof PASSWORDS] ?? '');
    if (url?.password !== PUBLISHED_PASSWORD) return [];
    return [{ name, variable, loopback: LOOPBACK.test(url.hostname) }];
  });
}
