/** Turns keys on and off, and makes secret keys, straight in MySQL: what counts is what the programs do with them. */
import { hashOfKey, newSecretKey, SCOPES, type Token } from '@parley/domain';
import { until } from '@parley/testing';
import { withMysql } from './floors/mysql.ts';
import type { BenchStack } from './stack.ts';

/** The programs ask for the mode every few seconds. */
const SEEN_WITHIN_MS = 30_000;

/** Resolves when ingest follows the mode. */
export async function setKeyed({ servers, ingest }: BenchStack, keyed: boolean): Promise<void> {
  await withMysql(servers.mysql, (mysql) => mysql.query('UPDATE installation SET keyed = ?', [keyed ? 1 : 2]));
  // A create without a body: it is refused for its missing credential, or for its body.
  const asked = async () => ((await fetch(`${ingest}/api/applications`, { method: 'POST' })).status === 401) === keyed;
  await until(`ingest is ${keyed ? 'keyed' : 'open'}`, asked, SEEN_WITHIN_MS);
}

/** Makes a secret key with all scopes. Returns its Authorization header. */
export async function newKeyOf({ servers }: BenchStack, token: Token): Promise<string> {
  const key = newSecretKey(token);
  await withMysql(servers.mysql, (mysql) =>
    mysql.query(
      `INSERT INTO access_keys (id, token, name, hash, scopes, created_at) VALUES (?, ?, 'Bench', ?, ?, NOW(3))`,
      [bytesOf(crypto.randomUUID()), bytesOf(token), Buffer.from(hashOfKey(key), 'hex'), SCOPES.join(' ')],
    ),
  );
  return `Bearer ${key}`;
}

/** Limits the messages a second of an application. It takes effect within ten seconds. */
export async function limitMessages({ servers }: BenchStack, token: Token, perSecond: number): Promise<void> {
  await withMysql(servers.mysql, (mysql) =>
    mysql.query('UPDATE applications SET messages_per_second = ?, limits_changed_at = NOW(3) WHERE token = ?', [
      perSecond,
      bytesOf(token),
    ]),
  );
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}
