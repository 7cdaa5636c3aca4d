/** What an operation needs of its caller, from the table of operations. */
import { type Caller, Forbidden, NotFound, parseNumber, type Token, type User } from '@parley/domain';
import type { Need, Operation } from '../contract/operation.ts';
import type { PathParams } from '../routes.ts';

export class Rights {
  readonly #needs: Need;
  readonly #users: boolean;
  readonly #hasToken: boolean;
  readonly #hasChat: boolean;
  readonly #names: NotFound['what'];

  constructor({ path, needs, users }: Pick<Operation, 'path' | 'needs' | 'users'>) {
    this.#needs = needs;
    this.#users = users === true;
    this.#hasToken = path.includes(':token');
    this.#hasChat = path.includes(':number');
    this.#names = namedBy(path);
  }

  /** Whether the path names something outside an application. A path that names none is in all of them. */
  isOutside(token: Token, params: PathParams): boolean {
    return this.#hasToken && params.token !== token;
  }

  /** The same error as for what does not exist. */
  absent(): NotFound {
    return new NotFound(this.#names);
  }

  /** The error if a caller may not call the operation at this address. */
  refusal(caller: Caller, params: PathParams): NotFound | Forbidden | undefined {
    if (caller.kind === 'anyone' || caller.kind === 'admin') return undefined;
    // What the caller may not see comes before all else: so nothing tells whether it exists.
    if (this.isOutside(caller.token, params)) return this.absent();
    if (caller.kind === 'user') {
      if (this.#hasChat && !sees(caller, params.number)) return this.absent();
      if (!this.#users) return new Forbidden('User tokens cannot do this.');
    }
    const needs = this.#needs;
    if (needs === 'admin') return new Forbidden('This needs an admin key.');
    if (needs === 'session' || caller.scopes.has(needs)) return undefined;
    return new Forbidden(`This needs a credential with the scope ${needs}.`);
  }
}

function namedBy(path: string): NotFound['what'] {
  if (path.endsWith(':message')) return 'message';
  return path.includes(':number') ? 'chat' : 'application';
}

function sees({ chats }: User, text = ''): boolean {
  if (chats === '*') return true;
  const number = parseNumber(text);
  return number !== undefined && chats.has(number);
}
