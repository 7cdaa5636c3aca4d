/** Counts refused requests by reason. No part of a credential is in here. */
import { type Forbidden, NotFound, Unauthenticated, Unavailable } from '@parley/domain';
import { Tally } from '@parley/runtime';
import type { Registry } from 'prom-client';

const REASONS = ['none', 'malformed', 'unknown', 'ended', 'revoked', 'outside', 'forbidden', 'unavailable'] as const;
type Reason = (typeof REASONS)[number];

export class Refusals {
  readonly #count: Readonly<Record<Reason, (requests: number) => void>>;

  constructor(registry: Registry) {
    const tally = new Tally({
      name: 'parley_access_refused_total',
      help: 'Requests that were refused because of their credential, by reason',
      registry,
    });
    const series = REASONS.map((reason) => [reason, tally.series({ reason })]);
    this.#count = Object.fromEntries(series) as Record<Reason, (requests: number) => void>;
  }

  none(): Unauthenticated {
    this.#count.none(1);
    return new Unauthenticated('Send a key or user token, as Authorization: Bearer.', false);
  }

  malformed(): Unauthenticated {
    this.#count.malformed(1);
    return new Unauthenticated('The Authorization header has no key or user token of this system.', true);
  }

  unknown(): Unauthenticated {
    this.#count.unknown(1);
    return new Unauthenticated('The key or user token is not known.', true);
  }

  ended(): Unauthenticated {
    this.#count.ended(1);
    return new Unauthenticated('The key or user token has ended.', true);
  }

  revoked(): Unauthenticated {
    this.#count.revoked(1);
    return new Unauthenticated('The key was revoked.', true);
  }

  /** Counts an error of Rights. */
  counted(error: NotFound | Forbidden): Error {
    this.#count[error instanceof NotFound ? 'outside' : 'forbidden'](1);
    return error;
  }

  /** Counts a failed look-up or check. */
  failed(error: unknown): unknown {
    if (error instanceof Unavailable) this.#count.unavailable(1);
    return error;
  }

  untrusted(): Unavailable {
    this.#count.unavailable(1);
    return new Unavailable('store', 'Keys cannot be checked at the moment.');
  }
}
