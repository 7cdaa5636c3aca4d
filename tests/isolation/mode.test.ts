/** Keys that were turned on stay on: a program that starts without ADMIN_KEY is not open to all. */
import { expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, until } from '@parley/testing';
import { Client } from '../support/client.ts';
import { secretKey, userToken } from '../support/keyed.ts';
import { startStandalone, temporaryFolder } from '../support/system.ts';
import { isDistributed } from './system.ts';

const KEYS = ['the-first-admin-key-of-the-mode-test', 'the-second-admin-key-of-the-mode-test'] as const;

interface Known {
  readonly admin: Client;
  readonly server: Client;
  readonly user: Client;
  readonly chat: string;
}

async function prepare(url: string, adminKey: string): Promise<Known> {
  const admin = await Client.connect(url, adminKey);
  const chat = await admin.chat();
  const application = chat.replace(/\/chats.*/, '');
  const { client: server } = await secretKey(admin, application);
  const user = await userToken(server, application, 'anna', { chats: '*' });
  await admin.get(chat);
  return { admin, server, user, chat };
}

/** Expects a program at `url` that knows no admin key of its environment to be keyed all the same. */
async function expectKeyed(url: string, { admin, server, user, chat }: Known): Promise<void> {
  const at = ({ credential }: { credential?: string | undefined }) =>
    new Client((request) => fetch(request), url, admin.documented, credential).get(chat);
  expect((await at({})).status).toBe(401);
  expect((await at(admin)).status).toBe(401);
  expect((await at(server)).status).toBe(200);
  expect((await at(user)).status).toBe(200);
}

/** Starts a standalone with each of these admin keys in turn, on the same data, and uses it. */
async function inTurn(turns: readonly (readonly [adminKey: string, use: (url: string) => Promise<void>])[]) {
  const dataDir = await temporaryFolder();
  for (const [ADMIN_KEY, use] of turns) {
    const standalone = await startStandalone(dataDir, { ADMIN_KEY });
    try {
      await use(standalone.url);
    } finally {
      await standalone.terminate();
    }
  }
  await rm(dataDir, { recursive: true, force: true });
}

if (!isDistributed) {
  test('a standalone that starts without the variable needs keys all the same', async () => {
    let known: Known | undefined;
    await inTurn([
      [
        KEYS[0],
        async (url) => {
          known = await prepare(url, KEYS[0]);
        },
      ],
      ['', (url) => expectKeyed(url, known!)],
    ]);
  });

  test('several admin keys are known, so that one can take the place of another', async () => {
    let known: Known | undefined;
    const at = async (url: string, key: string) => {
      const { admin, chat } = known!;
      return (await new Client((request) => fetch(request), url, admin.documented, key).get(chat)).status;
    };
    await inTurn([
      [
        KEYS.join(','),
        async (url) => {
          known = await prepare(url, KEYS[0]);
          expect([await at(url, KEYS[0]), await at(url, KEYS[1]), await at(url, KEYS.join(','))]).toEqual([
            200, 200, 401,
          ]);
        },
      ],
      [KEYS[1], async (url) => expect([await at(url, KEYS[0]), await at(url, KEYS[1])]).toEqual([401, 200])],
    ]);
  });
} else {
  test.each(['api', 'ingest'])('another %s that starts without the variable needs keys all the same', async (app) => {
    const { PARLEY_URL = '', ADMIN_KEY = '' } = process.env;
    const known = await prepare(PARLEY_URL, ADMIN_KEY);
    const url = `http://127.0.0.1:${freePort()}`;
    const child = Bun.spawn([process.execPath, join(import.meta.dir, `../../apps/${app}/src/main.ts`)], {
      env: { ...process.env, ADMIN_KEY: '', HOST: '127.0.0.1', PORT: new URL(url).port, LOG_LEVEL: 'fatal' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    try {
      const isReady = () =>
        fetch(`${url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until('it is ready', isReady, 30_000);
      if (app === 'api') await expectKeyed(url, known);
      else {
        const create = async (credential?: string) => {
          const client = new Client((request) => fetch(request), url, known.admin.documented, credential);
          return (await client.post(`${known.chat}/messages`, { message_content: 'x' })).status;
        };
        const { admin, server, user } = known;
        const credentials = [undefined, admin.credential, server.credential, user.credential];
        expect(await Promise.all(credentials.map(create))).toEqual([401, 401, 201, 201]);
      }
    } finally {
      child.kill('SIGTERM');
      await child.exited;
    }
  });
}
