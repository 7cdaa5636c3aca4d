import { type Caller, Forbidden, userOf } from '@parley/domain';

/** Throws Forbidden if the caller is another user than this one. Keys may act for every user. */
export function demandOwn(caller: Caller, user: string): void {
  const own = userOf(caller);
  if (own !== undefined && own !== user) throw new Forbidden('A user token is for its own user only.');
}
