import type { AccessHint, AccessHints } from '@parley/domain';
import { type Logger, throwApart } from '@parley/runtime';
import type { Cluster, Redis } from 'ioredis';
import type { RedisServers } from './connect.ts';
import type { Keys } from './keys.ts';
import { Subscription } from './subscription.ts';
import { bounded } from './unavailable.ts';

export interface RedisHintsOptions {
  /** Tells hints. */
  readonly client: Redis | Cluster;
  /** To these a connection of its own is opened for listening. */
  readonly servers: RedisServers;
  readonly keys: Keys;
  readonly logger: Logger | undefined;
}

/**
 * Hints by publish and subscribe. Redis keeps no message for who is not connected, so hints have consecutive numbers: a
 * listener finds out whether it has missed one (see Subscription). A process that does not listen opens no connection.
 */
export class RedisHints implements AccessHints {
  readonly #options: RedisHintsOptions;
  #subscription: Subscription | undefined;

  constructor(options: RedisHintsOptions) {
    this.#options = options;
  }

  async tell(hint: AccessHint): Promise<void> {
    const { client, keys } = this.#options;
    await bounded(client.parleyTellHint(keys.hints, JSON.stringify(hint)));
  }

  listen(take: (hint: AccessHint) => void): void {
    if (this.#subscription !== undefined) throw new Error('hints have one listener');
    this.#subscription = new Subscription(this.#options, (text) => {
      const hint = hintOf(text);
      if (hint !== undefined) tellListener(take, hint);
    });
    this.#subscription.start();
  }

  async unbrokenSince(): Promise<number | undefined> {
    return this.#subscription?.unbrokenSince();
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }
}

function tellListener(take: (hint: AccessHint) => void, hint: AccessHint): void {
  try {
    take(hint);
  } catch (error) {
    throwApart(error);
  }
}

/** Undefined for what this program does not know: a newer one may have told it. */
function hintOf(text: string): AccessHint | undefined {
  const hint = parsed(text);
  if (typeof hint !== 'object' || hint === null || !('kind' in hint)) return undefined;
  if (hint.kind === 'changed') return { kind: 'changed' };
  if (hint.kind === 'revoked' && 'id' in hint && typeof hint.id === 'string') return { kind: 'revoked', id: hint.id };
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
