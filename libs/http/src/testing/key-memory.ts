import {
  type AccessHint,
  type AccessHints,
  type AccessKey,
  type AccessState,
  type ApplicationLimits,
  hashOfKey,
  type KeyStore,
  newSecretKey,
  SCOPES,
  type Scope,
  type SigningKey,
  type Token,
  Unavailable,
} from '@parley/domain';
import type { Clock } from '../access/clock.ts';

/** Keys in memory. `away`: every call rejects. */
export class KeyMemory implements KeyStore {
  away = false;
  keyed: boolean | undefined = false;
  /** When and with how many hashes it was asked. */
  readonly lookups: { readonly at: number; readonly hashes: number }[] = [];
  looks = 0;
  readonly used: { readonly ids: readonly string[]; readonly at: number }[] = [];
  readonly signing: SigningKey[] = [];
  readonly limits = new Map<Token, ApplicationLimits>();
  readonly #keys = new Map<string, AccessKey>();

  constructor(private readonly clock: Clock) {}

  /** Makes a key; returns its text. */
  make(token: Token | undefined, more: Partial<AccessKey> = {}): { readonly text: string; readonly id: string } {
    const text = newSecretKey(token);
    const id = more.id ?? crypto.randomUUID();
    const scopes: readonly Scope[] = token === undefined ? [] : SCOPES;
    this.#keys.set(hashOfKey(text), { id, token, name: 'x', scopes, createdAt: this.clock.now(), ...more });
    return { text, id };
  }

  async setKeyed(keyed: boolean): Promise<void> {
    this.#demand();
    this.keyed = keyed;
  }

  async addKey(key: AccessKey, hash: string): Promise<void> {
    this.#keys.set(hash, key);
  }

  async keys(token: Token | undefined): Promise<readonly AccessKey[]> {
    return [...this.#keys.values()].filter((key) => key.token === token && key.revokedAt === undefined);
  }

  async keysByHash(hashes: readonly string[]): Promise<ReadonlyMap<string, AccessKey>> {
    this.lookups.push({ at: this.clock.elapsed(), hashes: hashes.length });
    this.#demand();
    return new Map(
      hashes.flatMap((hash) => {
        const key = this.#keys.get(hash);
        return key === undefined ? [] : [[hash, key] as const];
      }),
    );
  }

  async revokeKey(_token: Token | undefined, id: string): Promise<boolean> {
    for (const [hash, key] of this.#keys) {
      if (key.id === id) this.#keys.set(hash, { ...key, revokedAt: this.clock.now() });
    }
    return true;
  }

  async keysUsed(ids: readonly string[], at: number): Promise<void> {
    this.#demand();
    this.used.push({ ids, at });
  }

  async addSigningKey(key: SigningKey): Promise<void> {
    this.#demand();
    this.signing.push(key);
  }

  async signingKey(): Promise<SigningKey | undefined> {
    this.#demand();
    return this.signing.at(-1);
  }

  async dropSigningKeys(createdAt: number): Promise<void> {
    const kept = this.signing.filter((key, index) => key.createdAt >= createdAt || index === this.signing.length - 1);
    this.signing.splice(0, this.signing.length, ...kept);
  }

  async accessSince(since = 0): Promise<AccessState> {
    this.#demand();
    this.looks += 1;
    const revoked = [...this.#keys.values()].flatMap(({ id, revokedAt }) =>
      revokedAt === undefined || revokedAt < since - 10_000 ? [] : [{ id, at: revokedAt }],
    );
    return {
      ...{ at: this.clock.now(), keyed: this.keyed, revoked },
      signingKeys: this.signing.map(({ privateKey: _, ...shown }) => shown),
      limits: [...this.limits].map(([token, limits]) => ({ token, limits })),
    };
  }

  #demand(): void {
    if (this.away) throw new Unavailable('store', 'away');
  }
}

/** Hints in one process. */
export class HintMemory implements AccessHints {
  /** Since when the connection is unbroken; undefined: it is not there. */
  unbroken: number | undefined = 0;
  readonly told: AccessHint[] = [];
  #take: (hint: AccessHint) => void = () => {};

  async tell(hint: AccessHint): Promise<void> {
    this.told.push(hint);
    this.#take(hint);
  }

  listen(take: (hint: AccessHint) => void): void {
    this.#take = take;
  }

  async unbrokenSince(): Promise<number | undefined> {
    return this.unbroken;
  }
}
