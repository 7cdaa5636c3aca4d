/**
 * A system with keys on, one for all tests of a file. PARLEY_URL and ADMIN_KEY name one that runs already, as bin/test
 * does for the distributed system. Without PARLEY_URL a standalone is started.
 */
import { rm } from 'node:fs/promises';
import { Client } from './client.ts';
import { startStandalone, temporaryFolder } from './system.ts';

export interface KeyedSystem {
  readonly url: string;
  /** A client with an admin key. `as` makes others of it. */
  readonly admin: Client;
  stop(): Promise<void>;
}

/** `env`: further variables for a standalone. */
export async function keyedSystem(env: Record<string, string> = {}): Promise<KeyedSystem> {
  const { PARLEY_URL: url, ADMIN_KEY: given } = process.env;
  if (url !== undefined) {
    if (given === undefined) throw new Error('ADMIN_KEY must be a key of the system at PARLEY_URL');
    return { url, admin: await Client.connect(url, given), stop: async () => {} };
  }
  const key = given ?? `test-admin-${crypto.randomUUID()}`;
  const dataDir = await temporaryFolder();
  const standalone = await startStandalone(dataDir, { ADMIN_KEY: key, ...env });
  return {
    url: standalone.url,
    admin: await Client.connect(standalone.url, key),
    stop: async () => {
      await standalone.terminate();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Makes a secret key of an application, by its path, and returns a client with it, and the key's id. */
export async function secretKey(
  admin: Client,
  application: string,
  rest: { readonly scopes?: readonly string[]; readonly expires_at?: string } = {},
): Promise<{ client: Client; id: string }> {
  const { status, body } = await admin.post(`${application}/keys`, { name: 'Test', ...rest });
  if (status !== 201) throw new Error(`no key: ${status}`);
  return { client: admin.as(body.secret_key), id: body.id };
}

/** Makes a user token of an application, and returns a client with it. `maker` has a secret key or an admin key. */
export async function userToken(
  maker: Client,
  application: string,
  user_id: string,
  rest: { readonly chats?: '*' | readonly number[]; readonly can?: readonly string[]; readonly ttl_s?: number } = {},
): Promise<Client> {
  const { status, body } = await maker.post(`${application}/sessions`, { user_id, ...rest });
  if (status !== 201) throw new Error(`no user token: ${status}`);
  return maker.as(body.access_token);
}
