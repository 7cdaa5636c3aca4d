/**
 * Checks the signatures of user tokens, with the public keys in memory. How many are checked at a time is bounded: a
 * flood of forged tokens must not take the CPU. A token with an unknown signing key has the store asked, in the same
 * pace as unknown keys.
 */
import { type SigningKey, Unavailable } from '@parley/domain';
import { errors, importJWK, type JWK, jwtVerify } from 'jose';
import { ALGORITHM, ISSUER } from './claims.ts';
import type { Clock } from './clock.ts';
import { noAnswer, WAIT_MS_MAX } from './key-lookups.ts';
import type { Pace } from './pace.ts';

const CHECKED_AT_ONCE_MAX = 16;
const WAITING_MAX = 1_000;
const ABSENT_MS = 10_000;
const ABSENT_MAX = 1_000;

type PublicKey = Omit<SigningKey, 'privateKey'>;
type ImportedKey = Awaited<ReturnType<typeof importJWK>>;

export interface VerifierParts {
  readonly pace: Pace;
  readonly clock: Clock;
  /** Asks the store for the signing keys, which come by `setKeys` before it resolves. */
  readonly refresh: () => Promise<void>;
}

export class Verifier {
  #keys = new Map<string, { readonly publicKey: string; readonly imported: Promise<ImportedKey> }>();
  readonly #absent = new Map<string, number>();
  #checking = 0;
  readonly #waiting: (() => void)[] = [];
  #refreshed: PromiseWithResolvers<void> | undefined;
  #refreshWaiting = 0;

  constructor(private readonly parts: VerifierParts) {}

  /** Replaces the keys. */
  setKeys(keys: readonly PublicKey[]): void {
    const before = this.#keys;
    this.#keys = new Map(
      keys.map(({ kid, publicKey }) => {
        const same = before.get(kid);
        if (same?.publicKey === publicKey) return [kid, same];
        const imported = importKey(publicKey);
        imported.catch(ignore); // whoever verifies with it is told
        return [kid, { publicKey, imported }];
      }),
    );
  }

  get count(): number {
    return this.#keys.size;
  }

  has(kid: string): boolean {
    return this.#keys.has(kid);
  }

  /** Whether the token's signature and times are right. Rejects with Unavailable. */
  async isValid(credential: string, kid: string): Promise<boolean> {
    if (!this.#keys.has(kid)) await this.#askFor(kid);
    const key = this.#keys.get(kid);
    if (key === undefined) return false;
    await this.#turn();
    try {
      const options = { algorithms: [ALGORITHM], issuer: ISSUER, typ: 'JWT', requiredClaims: ['aud', 'sub', 'exp'] };
      await jwtVerify(credential, await key.imported, { ...options, currentDate: new Date(this.parts.clock.now()) });
      return true;
    } catch (error) {
      if (error instanceof errors.JOSEError) return false;
      throw error;
    } finally {
      this.#giveTurn();
    }
  }

  /** Waits for a place among those that are checked, and takes it. */
  async #turn(): Promise<void> {
    if (this.#checking < CHECKED_AT_ONCE_MAX) {
      this.#checking += 1;
      return;
    }
    if (this.#waiting.length >= WAITING_MAX) throw tooMany();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #giveTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#checking -= 1;
    else next();
  }

  async #askFor(kid: string): Promise<void> {
    const { clock, pace } = this.parts;
    if (clock.elapsed() < (this.#absent.get(kid) ?? Number.NEGATIVE_INFINITY)) return;
    if (this.#refreshWaiting >= WAITING_MAX) throw tooMany();
    this.#refreshed ??= this.#newRefresh();
    const { promise } = this.#refreshed; // the request may begin the refresh at once, which takes the field away
    this.#refreshWaiting += 1;
    pace.request(this.#refresh);
    await promise;
    if (this.#keys.has(kid)) return;
    this.#absent.delete(kid);
    this.#absent.set(kid, clock.elapsed() + ABSENT_MS);
    for (const oldest of this.#absent.keys()) {
      if (this.#absent.size <= ABSENT_MAX) break;
      this.#absent.delete(oldest);
    }
  }

  /** Those who wait for one refresh. None waits for longer than the first of them may. */
  #newRefresh(): PromiseWithResolvers<void> {
    const refreshed = Promise.withResolvers<void>();
    const cancel = this.parts.clock.after(WAIT_MS_MAX, () => refreshed.reject(noAnswer()));
    refreshed.promise.then(cancel, cancel);
    return refreshed;
  }

  readonly #refresh = async (): Promise<void> => {
    const refreshed = this.#refreshed;
    this.#refreshed = undefined;
    this.#refreshWaiting = 0;
    await this.parts.refresh().then(refreshed?.resolve, refreshed?.reject);
  };
}

async function importKey(publicKey: string): Promise<ImportedKey> {
  return importJWK(JSON.parse(publicKey) as JWK, ALGORITHM);
}

function tooMany(): Unavailable {
  return new Unavailable('requests', 'Too many user tokens are waiting to be checked.');
}

function ignore(): void {}
