/**
 * The credentials of a load in a system with keys: an admin key, for each application a secret key, and for those that
 * stay a user token too.
 */
import { SCOPES } from '@parley/domain';
import { until } from '@parley/testing';

const ANSWERED_WITHIN_MS = 8_000;
const MADE_WITHIN_MS = 60_000;
const LOAD_S = 24 * 60 * 60;
/** Every how many creates one is sent with a user token. */
const USERS_EACH = 4;

export class Credentials {
  readonly #url: string;
  readonly #keys = new Map<string, string>();
  readonly #users = new Map<string, string>();

  constructor(
    url: string,
    /** An admin key. */
    readonly admin: string,
  ) {
    this.#url = url;
  }

  /** Makes a secret key and a user token of an application, and waits for them. */
  async prepare(token: string): Promise<void> {
    const key = await this.make(token, 'keys', { name: 'Of the load', scopes: SCOPES });
    const session = { user_id: 'load', chats: '*', ttl_s: LOAD_S };
    this.#keys.set(token, key.secret_key ?? '');
    this.#users.set(token, (await this.make(token, 'sessions', session)).access_token ?? '');
  }

  /** The secret key of an application; the admin key where there is none. */
  server(token: string): string {
    return this.#keys.get(token) ?? this.admin;
  }

  /**
   * The user token for some of an application's messages, always for the same texts: users and servers have idempotency
   * keys of their own. The rest are sent by the server.
   */
  sender(token: string, text: string): string {
    let sum = 0;
    for (const byte of Buffer.from(text)) sum += byte;
    return (sum % USERS_EACH === 0 ? this.#users.get(token) : undefined) ?? this.server(token);
  }

  /** Makes a key or user token. Repeats the request until it succeeds, for a minute. */
  async make(token: string, what: 'keys' | 'sessions', json: object): Promise<Made> {
    let made: Made | undefined;
    await until(
      `an application gets its ${what}`,
      async () => {
        const response = await fetch(`${this.#url}/api/applications/${token}/${what}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${this.admin}` },
          body: JSON.stringify(json),
          signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
        }).catch(() => undefined);
        const body = await response?.json().catch(() => undefined);
        if (response?.status !== 201) return false;
        made = body as Made;
        return true;
      },
      MADE_WITHIN_MS,
    );
    return made ?? {};
  }
}

export interface Made {
  readonly id?: string;
  readonly secret_key?: string;
  readonly access_token?: string;
}
