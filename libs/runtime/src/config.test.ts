import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import {
  accessConfig,
  adminKeysOf,
  limitsOf,
  refusePublishedPasswords,
  warnOfPublishedPasswords,
} from './access-config.ts';
import { ConfigError, elasticsearchConfig, readConfig, serverConfig } from './config.ts';
import type { Logger } from './logger.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const schema = Type.Object({ ...serverConfig, ...accessConfig, ...elasticsearchConfig });
const KEY = 'a-key-of-the-operator-0123456789';
const URLS = {
  REDIS_URL: 'redis://localhost',
  RABBITMQ_URL: 'amqp://parley:hidden-one@rabbitmq',
  MYSQL_URL: 'mysql://parley:hidden-two@mysql/parley',
  ELASTICSEARCH_URL: 'http://localhost',
};
const read = (env: Readonly<Record<string, string>>) => readConfig(schema, { ...URLS, ...env });

function messageOf(env: Readonly<Record<string, string>>): string {
  try {
    refusePublishedPasswords(read(env));
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('it was accepted');
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('without the variables there is no admin key and no limit', () => {
  expect(adminKeysOf(read({}))).toEqual([]);
  expect(Object.values(limitsOf(read({})))).toEqual([undefined, undefined, undefined, undefined]);
});

test('several admin keys are separated by commas, and limits are numbers', () => {
  const config = read({ ADMIN_KEY: `${KEY},b${KEY}`, LIMIT_MESSAGES_PER_SECOND: '500' });
  expect(adminKeysOf(config)).toEqual([KEY, `b${KEY}`]);
  expect(limitsOf(config)).toMatchObject({ messagesPerSecond: 500, requestsPerSecond: undefined });
});

test.each(['short', `${KEY},short`, `${KEY},`, `${KEY} with a space`, `${KEY}é`, `${KEY}\n`])(
  'the admin key %j is refused, and the message does not show it',
  (ADMIN_KEY) => {
    const message = messageOf({ ADMIN_KEY });
    expect(message).toStartWith('ADMIN_KEY is wrong');
    expect(message).not.toContain(ADMIN_KEY);
    expect(message).not.toContain(KEY);
  },
);

test.each([
  ['MYSQL_URL', 'postgres://parley:hidden-word@mysql'],
  ['RABBITMQ_URL', 'parley:hidden-word@rabbitmq'],
  ['MYSQL_URL', 'mysql://parley:hidden-word@my sql'],
  ['REDIS_URL', 'redis+cluster://:hid/den-word@redis:6379,other:6379'],
  ['ELASTICSEARCH_URL', 'ftp://elastic:hidden-word@elasticsearch'],
])('a wrong %s is named, and its password is not shown', (name, url) => {
  const message = messageOf({ [name]: url });
  expect(message).toMatch(new RegExp(`^${name} is (wrong|no URL)`));
  expect(message).not.toContain('den-word');
});

test('a list of hosts is a URL', () => {
  const REDIS_URL = 'redis+sentinel://user:pass,word@one:26379,two:26379/mymaster';
  expect(read({ REDIS_URL }).REDIS_URL).toBe(REDIS_URL);
});

test('a secret may be in a file; the last end of line is not part of it', () => {
  const { RABBITMQ_URL, ...urls } = URLS;
  const env = { ...urls, RABBITMQ_URL_FILE: file('url', `${RABBITMQ_URL}\n`), ADMIN_KEY_FILE: file('key', KEY) };
  expect(readConfig(schema, env)).toMatchObject({ RABBITMQ_URL, ADMIN_KEY: KEY });
});

test('what is no secret is not read from a file', () => {
  expect(read({ PARTITIONS_FILE: file('partitions', '3') }).PARTITIONS).toBe(8);
});

test('a file that cannot be used is refused: the variable is named, neither the file nor its content', () => {
  const both = { ADMIN_KEY: KEY, ADMIN_KEY_FILE: file('both', KEY) };
  expect(messageOf(both)).toBe('ADMIN_KEY and ADMIN_KEY_FILE are both given: only one of them may be');
  expect(messageOf({ ADMIN_KEY_FILE: file('empty', '\n') })).toBe('ADMIN_KEY_FILE names an empty file');
  expect(messageOf({ ADMIN_KEY_FILE: `/${KEY}` })).toBe('ADMIN_KEY_FILE names a file that cannot be read (ENOENT)');
  expect(messageOf({ ADMIN_KEY_FILE: folder })).toBe('ADMIN_KEY_FILE names a file that cannot be read (EISDIR)');
  const wrong = messageOf({ ADMIN_KEY_FILE: file('wrong', 'a word that is hidden') });
  expect(wrong).toStartWith('ADMIN_KEY is wrong');
  expect(wrong).not.toContain('hidden');
});

test('a URL whose file cannot be read is not called missing as well', () => {
  const { MYSQL_URL: _, ...urls } = URLS;
  const run = () => readConfig(schema, { ...urls, MYSQL_URL_FILE: '/nowhere/at/all' });
  expect(run).toThrow(/^MYSQL_URL_FILE names a file that cannot be read \(ENOENT\)$/);
});

const PUBLISHED = { ADMIN_KEY: KEY, RABBITMQ_URL: 'amqp://parley:parley@rabbitmq:5672' };

test('with an admin key, a published default password is refused on another host', () => {
  expect(messageOf(PUBLISHED)).toBe(
    'RABBITMQ_URL has the published default password, and ADMIN_KEY is set: set RABBITMQ_PASSWORD',
  );
  expect(messageOf({ ...PUBLISHED, MYSQL_URL: 'mysql://parley:parley@10.1.2.3/parley' })).toContain('MYSQL_PASSWORD');
});

test.each(['localhost', '127.0.0.1', '[::1]'])('on %s it is a warning, and without an admin key nothing', (host) => {
  const warnings: string[] = [];
  const logger = { warn: (text: string) => warnings.push(text) } as unknown as Logger;
  const RABBITMQ_URL = `amqp://parley:parley@${host}:5672`;
  warnOfPublishedPasswords(refusePublishedPasswords(read({ RABBITMQ_URL })), logger);
  expect(warnings).toEqual([]);
  warnOfPublishedPasswords(refusePublishedPasswords(read({ ADMIN_KEY: KEY, RABBITMQ_URL })), logger);
  expect(warnings).toEqual([expect.stringContaining('RABBITMQ_URL has the published default password')]);
});
