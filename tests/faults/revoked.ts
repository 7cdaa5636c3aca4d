/**
 * Revokes keys before a fault, through it and after it, and tries each of them from its 204 on: how long was a revoked
 * key still honoured, by any program?
 */
import { SCOPES } from '@parley/domain';
import type { Credentials } from './credentials.ts';

/** What is promised, also where Redis is away. */
const PROMISED_MS = 10_000;
const KEYS = 8;
const EVERY_MS = 4_000;
const TRIED_EVERY_MS = 500;
const ANSWERED_WITHIN_MS = 8_000;

interface Key {
  readonly id: string;
  readonly key: string;
  readonly user: string;
  /** When its revocation was answered with 204 (performance.now). */
  revokedAt?: number;
}

export class RevokedKeys {
  readonly #url: string;
  readonly #credentials: Credentials;
  #token = '';
  readonly #keys: Key[] = [];
  #timers: Timer[] = [];
  #revoking = false;
  #trying = false;
  /** The longest time after its 204 that a revoked key, or a user token of it, was let in; 0 if none was. */
  longestMs = 0;
  /** How many keys were revoked. */
  revoked = 0;
  readonly #honoured: string[];

  /** `honoured` takes keys that were let in longer than promised. */
  constructor(
    url: string,
    credentials: Credentials,
    honoured: string[],
    readonly honouredMsMax = PROMISED_MS,
  ) {
    this.#honoured = honoured;
    this.#url = url;
    this.#credentials = credentials;
  }

  /** Makes an application of its own, whose messages the checks do not count, with keys that the programs know. */
  async prepare(): Promise<void> {
    const { admin } = this.#credentials;
    const created = await this.#send('POST', '/api/applications', admin, { application_name: 'revoked keys' });
    this.#token = (JSON.parse(created.text) as { application_token: string }).application_token;
    await this.#send('POST', `${this.#path}/chats`, admin, { chat_name: 'revoked keys' });
    for (let index = 0; index < KEYS; index += 1) {
      const made = await this.#credentials.make(this.#token, 'keys', { name: 'To be revoked', scopes: SCOPES });
      const key = made.secret_key ?? '';
      const session = await this.#send('POST', `${this.#path}/sessions`, key, { user_id: 'load', chats: '*' });
      const user = (JSON.parse(session.text) as { access_token: string }).access_token;
      this.#keys.push({ id: made.id ?? '', key, user });
      for (const credential of [key, user]) await this.#try(credential);
    }
    await this.#revoke();
  }

  start(): void {
    this.#timers = [
      setInterval(() => void this.#revoke(), EVERY_MS),
      setInterval(() => void this.#tryAll(), TRIED_EVERY_MS),
    ];
  }

  /** Stops, after a last look at all of them. */
  async stop(): Promise<void> {
    this.abandon();
    await this.#tryAll();
    if (this.revoked === 0) this.#honoured.push('none: no key was revoked');
  }

  abandon(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  get #path(): string {
    return `/api/applications/${this.#token}`;
  }

  /** Revokes the next key. If that is refused, the next call tries the same one again. */
  async #revoke(): Promise<void> {
    const key = this.#keys.find(({ revokedAt }) => revokedAt === undefined);
    if (key === undefined || this.#revoking) return;
    this.#revoking = true;
    const { status } = await this.#send('DELETE', `${this.#path}/keys/${key.id}`, this.#credentials.admin);
    this.#revoking = false;
    if (status !== 204) return;
    key.revokedAt = performance.now();
    this.revoked += 1;
  }

  async #tryAll(): Promise<void> {
    if (this.#trying) return;
    this.#trying = true;
    for (const { id, key, user, revokedAt } of this.#keys) {
      if (revokedAt === undefined) continue;
      for (const credential of [key, user]) {
        const ms = performance.now() - revokedAt;
        if (!(await this.#try(credential))) continue;
        this.longestMs = Math.max(this.longestMs, ms);
        if (ms > this.honouredMsMax) this.#honoured.push(`${id} ${(ms / 1_000).toFixed(1)} s after its end`);
      }
    }
    this.#trying = false;
  }

  /** Whether a read or a create is let in: any answer but 401, and but none at all. */
  async #try(credential: string): Promise<boolean> {
    const messages = `${this.#path}/chats/1/messages`;
    const answers = await Promise.all([
      this.#send('GET', messages, credential),
      this.#send('POST', messages, credential, { message_content: 'by a key that may be revoked' }),
    ]);
    return answers.some(({ status }) => status >= 200 && status < 300);
  }

  async #send(method: string, path: string, credential: string, json?: object) {
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${credential}`,
          ...(json !== undefined && { 'content-type': 'application/json' }),
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
        signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
      });
      return { status: response.status, text: await response.text() };
    } catch {
      return { status: 0, text: '' };
    }
  }
}
