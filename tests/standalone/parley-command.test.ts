/** `bin/parley` on a standalone: beside one that runs, after one that was killed, and on a folder that nobody uses. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, lstatSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createdKey, parley, parleyDone } from '../support/parley.ts';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

let parent: string;
beforeAll(async () => {
  parent = await temporaryFolder();
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const socketOf = (dataDir: string) => join(dataDir, 'parley.sock');

/** The status of a list of all applications: only an admin may see it. */
async function listed({ url }: StandaloneProcess, key?: string): Promise<number> {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return (await fetch(`${url}/api/applications`, { headers })).status;
}

async function application({ url }: StandaloneProcess, key?: string): Promise<string> {
  const response = await fetch(`${url}/api/applications`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== undefined && { authorization: `Bearer ${key}` }) },
    body: '{"application_name":"Support desk"}',
  });
  return ((await response.json()) as { application_token: string }).application_token;
}

/** Makes an application and a user token in it. Returns a function that lists chats with that, and returns the status. */
async function chatsOfUser(standalone: StandaloneProcess, key: string): Promise<() => Promise<number>> {
  const path = `${standalone.url}/api/applications/${await application(standalone, key)}`;
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const response = await fetch(`${path}/sessions`, { method: 'POST', headers, body: '{"user_id":"ann"}' });
  const { access_token } = (await response.json()) as { access_token: string };
  return async () => (await fetch(`${path}/chats`, { headers: { authorization: `Bearer ${access_token}` } })).status;
}

describe('beside a standalone that runs', () => {
  let standalone: StandaloneProcess;
  let env: { DATA_DIR: string };
  beforeAll(async () => {
    env = { DATA_DIR: join(parent, 'running') };
    standalone = await startStandalone(env.DATA_DIR);
  });
  afterAll(() => standalone.terminate());

  test('keys go on, are revoked, and go off again, each at once', async () => {
    expect(await listed(standalone)).toBe(200);
    const { key, id } = await createdKey(['--admin', '--name', 'me'], env);
    const made = 'Secret keys that were made while Parley was open stay valid';
    expect((await parley(['keys', 'on'], env)).err).toContain(made);
    expect([await listed(standalone), await listed(standalone, key)]).toEqual([401, 200]);
    expect(await parleyDone(['keys', 'status'], env)).toStartWith('keyed');
    expect((await parley(['keys', 'on'], env)).err).not.toContain(made);
    const chats = await chatsOfUser(standalone, key);
    expect(await chats()).toBe(200);
    await parleyDone(['keys', 'revoke', id], env);
    expect([await listed(standalone, key), await chats()]).toEqual([401, 401]);
    await parleyDone(['keys', 'open'], env);
    expect(await listed(standalone)).toBe(200);
    expect(await parleyDone(['keys', 'status'], env)).toStartWith('open');
  });

  test('a key of an application is listed without its secret, shown and revoked from standard input', async () => {
    const token = await application(standalone);
    const rights = ['--scopes', 'messages:read,messages:write', '--expires', '90d'];
    const { key, id } = await createdKey(['--application', token, '--name', 'web\u001b[31m', ...rights], env);
    const list = await parleyDone(['keys', 'list', '--application', token], env);
    expect(list).toContain(id);
    expect(list).toContain('messages:read,messages:write');
    expect(list).not.toContain(key);
    expect(list).not.toContain('\u001b');
    const shown = await parleyDone(['keys', 'show', '-'], env, `${key}\n`);
    expect(shown).toContain(`the application ${token}`);
    expect(shown).toContain('state      valid');
    await parleyDone(['keys', 'revoke', '-'], env, key);
    expect(await parleyDone(['keys', 'show', '-'], env, key)).toContain('state      revoked at 20');
    expect(await parley(['keys', 'list', '--application', token], env)).toMatchObject({ code: 0, out: '' });
  });

  test('what is not there is a failure, and says so', async () => {
    const unknown = '5f7fac7d-0f4c-4d57-8f5b-6f0d6f6c1a11';
    for (const [args, said] of [
      [['create', '--application', unknown, '--name', 'x'], 'There is no application'],
      [['revoke', unknown], 'There is no admin key with this id'],
      [['show', `parley_ak_${'x'.repeat(38)}`], 'neither a key of Parley'],
    ] as const) {
      const { code, out, err } = await parley(['keys', ...args], env);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain(said);
    }
  });

  test('a new signing key is made', async () => {
    const count = async () =>
      Number(/^signing keys of user tokens: (\d+)/m.exec(await parleyDone(['keys', 'status'], env))?.[1]);
    const before = await count();
    expect(await parleyDone(['keys', 'rotate'], env)).toContain('User tokens are signed with');
    expect(await count()).toBe(before + 1);
    expect(await parleyDone(['keys', 'rotate', '--now'], env)).toContain('have ended');
    expect(await count()).toBe(1);
  });

  test('for servers that it does not have there is nothing to do', async () => {
    for (const command of ['migrate', 'reindex', 'deadletters']) {
      const { code, out, err } = await parley([command], env);
      expect([command, code]).toEqual([command, 0]);
      expect(out + err).toStartWith('Nothing to do');
    }
  });

  test('only the owner may use the socket', () => {
    const { mode } = lstatSync(socketOf(env.DATA_DIR));
    expect((mode & 0o777).toString(8)).toBe('600');
  });

  test('a DATA_DIR is relative to the folder of the one who asks', async () => {
    // bin/parley is started in this process's folder.
    const DATA_DIR = relative(process.cwd(), env.DATA_DIR);
    expect(await parleyDone(['keys', 'status'], { DATA_DIR })).toStartWith('open');
  });
});

test('the socket is gone after a stop; then the command works on the folder, and the next start obeys', async () => {
  const env = { DATA_DIR: join(parent, 'stopped') };
  let standalone = await startStandalone(env.DATA_DIR);
  expect(existsSync(socketOf(env.DATA_DIR))).toBe(true);
  expect(await standalone.terminate()).toBe(0);
  expect(existsSync(socketOf(env.DATA_DIR))).toBe(false);
  const { key } = await createdKey(['--admin', '--name', 'me'], env);
  await parleyDone(['keys', 'on'], env);
  standalone = await startStandalone(env.DATA_DIR);
  expect([await listed(standalone), await listed(standalone, key)]).toEqual([401, 200]);
  expect(await standalone.terminate()).toBe(0);
}, 60_000);

test('a killed standalone leaves its socket: the command works on the folder, and the next start replaces it', async () => {
  const env = { DATA_DIR: join(parent, 'killed') };
  let standalone = await startStandalone(env.DATA_DIR);
  await standalone.kill();
  expect(existsSync(socketOf(env.DATA_DIR))).toBe(true);
  await parleyDone(['keys', 'on'], env);
  standalone = await startStandalone(env.DATA_DIR);
  expect(await listed(standalone)).toBe(401);
  await parleyDone(['keys', 'open'], env);
  expect(await listed(standalone)).toBe(200);
  expect(await standalone.terminate()).toBe(0);
}, 60_000);

test('a program that still has ADMIN_KEY turns keys on again, which the command says', async () => {
  const env = { DATA_DIR: join(parent, 'keyed'), ADMIN_KEY: 'a-key-of-the-operator-0123456789' };
  let standalone = await startStandalone(env.DATA_DIR, { ADMIN_KEY: env.ADMIN_KEY });
  expect([await listed(standalone), await listed(standalone, env.ADMIN_KEY)]).toEqual([401, 200]);
  expect(await parleyDone(['keys', 'show', '-'], env, env.ADMIN_KEY)).toContain('of the variable ADMIN_KEY');
  const { err } = await parley(['keys', 'open'], env);
  expect(err).toContain('turns keys on again when it starts');
  expect(await listed(standalone)).toBe(200);
  await standalone.terminate();
  standalone = await startStandalone(env.DATA_DIR, { ADMIN_KEY: env.ADMIN_KEY });
  expect(await listed(standalone)).toBe(401);
  await standalone.terminate();
  // Without the variable it stays keyed.
  standalone = await startStandalone(env.DATA_DIR);
  expect(await listed(standalone)).toBe(401);
  await standalone.terminate();
}, 60_000);

test('where the path is too long for a socket, the standalone works, and the command says why it cannot ask it', async () => {
  const env = { DATA_DIR: join(parent, 'x'.repeat(100)) };
  const standalone = await startStandalone(env.DATA_DIR);
  expect(await listed(standalone)).toBe(200);
  const { code, err } = await parley(['keys', 'status'], env);
  expect(code).toBe(1);
  expect(err).toContain('a DATA_DIR with a shorter path, or that the standalone is stopped');
  expect(await standalone.terminate()).toBe(0);
  expect(await parleyDone(['keys', 'status'], env)).toStartWith('open');
}, 60_000);

test('a folder without data is not taken for a new standalone', async () => {
  const DATA_DIR = join(parent, 'nothing');
  for (const args of [['keys', 'on'], ['migrate'], ['reindex'], ['deadletters', 'list']]) {
    const { code, out, err } = await parley(args, { DATA_DIR });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('MYSQL_URL is not set');
  }
  expect(existsSync(DATA_DIR)).toBe(false);
});

test('every level has help; wrong usage is told with status 2', async () => {
  const env = { DATA_DIR: join(parent, 'nothing') };
  for (const args of [[], ['keys'], ['keys', 'create'], ['reindex'], ['deadletters'], ['migrate']]) {
    const { code, out, err } = await parley([...args, '--help'], env);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(['bin/parley', ...args].join(' '));
  }
  for (const args of [[], ['frob'], ['keys'], ['keys', 'frob'], ['keys', 'create'], ['migrate', 'now'], ['--frob']]) {
    const { code, out, err } = await parley(args, env);
    expect([args, code, out]).toEqual([args, 2, '']);
    expect(err).toContain('bin/parley');
  }
});
