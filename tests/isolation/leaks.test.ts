/**
 * After requests with every credential, good and bad, in every place where a client may put it, no part of one is found
 * in anything that the system writes or answers.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { until } from '@parley/testing';
import { connectMysql } from '../support/test-stack.ts';
import { Asking, bearer } from './asking.ts';
import { kindsAgainst } from './kinds.ts';
import { lookFor, within } from './places.ts';
import { openScene, type Scene } from './scene.ts';
import { isDistributed, openSecured, openStandalone, type Secured } from './system.ts';

/** Texts that are shorter could be found by chance. */
const SECRET_CHARACTERS_MIN = 20;
const CANARY = `canary-${crypto.randomUUID()}`;

let secured: Secured;
let mine: Scene;
let other: Scene;
let headers: readonly string[];
/** All answers but those that show a new credential, as text. */
const answers: string[] = [];

beforeAll(async () => {
  secured = isDistributed ? await openSecured() : await openStandalone({ ADMIN_KEY: ADMIN, LOG_LEVEL: 'trace' });
  const asking = new Asking(secured);
  [mine, other] = await Promise.all([openScene(asking, 'Leaks'), openScene(asking, 'Other leaks')]);
  const kinds = await kindsAgainst(mine, other, secured);
  const good = [...Object.values(mine.scoped), ...Object.values(mine.users), mine.full, secured.adminKey];
  headers = [...kinds.flatMap(({ as }) => as ?? []), ...good.map(bearer)];
  for (const door of secured.doors) {
    for (const authorization of headers) await everyWay(door.url, authorization);
  }
}, 180_000);
afterAll(() => secured.stop());

const ADMIN = `an-admin-key-of-the-tests-${crypto.randomUUID()}`;

/** Sends a credential where a client may put it, well or by mistake, also in requests that fail. */
async function everyWay(url: (operation: string) => string, authorization: string): Promise<void> {
  const credential = authorization.split(' ').at(-1) ?? '';
  const path = `/api/applications/${mine.place.token}`;
  const messages = `${path}/chats/1/messages`;
  const json = { 'content-type': 'application/json' };
  const own = { authorization, 'x-request-id': CANARY, 'user-agent': CANARY };
  const send = async (operation: string, address: string, init: RequestInit) => {
    const response = await fetch(`${url(operation)}${address}`, { ...init, signal: AbortSignal.timeout(20_000) });
    answers.push(`${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`);
  };
  const content = JSON.stringify({ message_content: CANARY });
  const post = { method: 'POST', body: content };
  await Promise.all([
    send('getApplication', path, { headers: own }),
    send('listChats', `${path}/chats?access_token=${encodeURIComponent(credential)}`, { headers: own }),
    send('listChats', `${path}/chats?access_token=${encodeURIComponent(credential)}`, {}),
    send('getApplication', '/api/nowhere', { headers: own }),
    send('deleteMessage', `${messages}/999?if=1`, { method: 'DELETE', headers: own }),
    send('createMessage', messages, { ...post, headers: { ...own, ...json, 'idempotency-key': crypto.randomUUID() } }),
    send('createMessage', messages, { ...post, body: '{', headers: { ...own, ...json } }),
    send('createMessage', messages, { ...post, headers: { ...own, 'content-type': 'text/plain' } }),
    send('createMessage', messages, { ...post, body: '{"nothing":1}', headers: { ...own, ...json } }),
    send('updateMessage', `${messages}/1`, { ...post, method: 'PATCH', headers: { ...own, ...json } }),
  ]);
}

/** What must not be found: whole credentials, and the parts that make them valid. */
function secrets(): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [index, authorization] of headers.entries()) {
    const credential = authorization.replace(/^\w+ +/, '');
    const parts = [credential, ...credential.split(/[ ,]+/), ...credential.split('.').slice(-1)];
    for (const part of parts) {
      if (part.startsWith('parley_')) texts.set(`the end of credential ${index}`, part.slice(-38));
      // An application's token is no secret of this kind: it is in each address.
      if (part.length >= SECRET_CHARACTERS_MIN && part !== mine.place.token) texts.set(`credential ${index}`, part);
    }
  }
  return texts;
}

test('no answer has a credential', () => {
  expect(answers.length).toBeGreaterThan(300);
  const texts = secrets();
  expect(texts.size).toBeGreaterThan(30);
  expect(answers.flatMap((answer) => within(texts, answer.slice(0, 300), answer))).toEqual([]);
});

test('nothing that the system has written has a credential', async () => {
  // They show that the search finds what is there: request ids in logs, contents in data, tokens in names.
  const canary = new Map([
    ['the canary', CANARY],
    ['the token', mine.place.token],
  ]);
  const places = isDistributed
    ? [
        /logs\/nginx-access\.log: the c/,
        /mysql\/.*: the c/,
        /rabbitmq\/.*: the c/,
        /^table messages: the c/,
        /^Redis: /,
      ]
    : [/log: the c/, /parley\.db.*: the c/];
  let seen: readonly string[] = [];
  await until(
    'what is harmless is found',
    async () => {
      seen = await lookFor(canary, secured);
      return places.every((place) => seen.some((each) => place.test(each)));
    },
    30_000,
  );
  expect(await lookFor(secrets(), secured)).toEqual([]);
}, 120_000);

if (isDistributed) test('of a secret key the database has only its hash', hasOnlyHash);

async function hasOnlyHash(): Promise<void> {
  const mysql = await connectMysql();
  try {
    const [rows] = await mysql.query('SELECT HEX(hash) AS hash FROM access_keys');
    const hashes = (rows as { hash: string }[]).map(({ hash }) => hash.toLowerCase());
    expect(hashes).toContain(createHash('sha256').update(mine.full).digest('hex'));
  } finally {
    mysql.destroy();
  }
}
