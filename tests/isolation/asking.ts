/** Sends requests with a credential, and reads what an answer tells. */
import type { Answer } from '../support/client.ts';
import { Client, type Sent } from '../support/client.ts';
import type { Door, Secured } from './system.ts';

export interface Asked extends Sent {
  /** The whole Authorization header; undefined: none. */
  readonly as?: string | undefined;
}

const BASE_PATH = '/api';
const ANSWERED_WITHIN_MS = 20_000;

export class Asking {
  readonly #secured: Secured;
  readonly #door: Door;

  constructor(secured: Secured, door: Door | undefined = secured.doors[0]) {
    if (door === undefined) throw new Error('a system has a door');
    this.#secured = secured;
    this.#door = door;
  }

  /** `path` is below the base path. `operation` says which program's own port is asked. */
  async call(method: string, path: string, { as, headers, ...sent }: Asked = {}, operation = ''): Promise<Answer> {
    const send = (request: Request) => fetch(request, { signal: AbortSignal.timeout(ANSWERED_WITHIN_MS) });
    const client = new Client(send, this.#door.url(operation), this.#secured.documented);
    const authorization = as === undefined ? undefined : { authorization: as };
    return client.call(method, `${BASE_PATH}${path}`, { ...sent, headers: { ...headers, ...authorization } });
  }

  /** The body of an answer to the admin. Throws if it is no success. */
  async admin(method: string, path: string, json?: unknown) {
    const { status, body } = await this.call(method, path, { as: bearer(this.#secured.adminKey), json });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }
}

export function bearer(credential: string): string {
  return `Bearer ${credential}`;
}

/** All of an answer that must not tell apart what is there from what is not: without ids and times of the answer. */
export function told({ status, headers, body }: Answer): object {
  const told = [...headers].filter(([name]) => !['date', 'x-request-id', 'connection', 'keep-alive'].includes(name));
  return { status, headers: Object.fromEntries(told.sort()), body };
}
