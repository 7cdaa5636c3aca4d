/**
 * Who may do what, in one place: says for each request who sends it, or refuses it. One object for each program.
 *
 * A known credential costs a look-up in a Map, and no promise. An unknown key is looked up in the store together with
 * others; a user token's signature is checked with the keys in memory. Both are remembered until they end, are revoked,
 * or nothing was heard of the store for too long (see Watch).
 */
import {
  type AccessHints,
  type AccessKey,
  type AccessState,
  type ApplicationLimits,
  type Caller,
  hashOfKey,
  type KeyStore,
  parseSecretKey,
  REVOKED_SECONDS,
  type Token,
} from '@parley/domain';
import { type Logger, readCounter, readGauge } from '@parley/runtime';
import type { Registry } from 'prom-client';
import type { Operation } from '../contract/operation.ts';
import type { PathParams } from '../routes.ts';
import { whenAvailable } from '../when-available.ts';
import { AdminKeys } from './admin-keys.ts';
import type { ApplicationQuota } from './application-quota.ts';
import { bearer, credentialOf } from './bearer.ts';
import { ANYONE, type Known, KnownAdmin, KnownKey, KnownUser } from './callers.ts';
import { isUserToken, readToken } from './claims.ts';
import { type Clock, systemClock } from './clock.ts';
import { KeyLookups } from './key-lookups.ts';
import { KeyUsage } from './key-usage.ts';
import { Limits } from './limits.ts';
import { Pace } from './pace.ts';
import { Refusals } from './refusals.ts';
import { Remembered } from './remembered.ts';
import { Rights } from './rights.ts';
import { droppableBefore, Signer, type UserTokens } from './signing.ts';
import { Verifier } from './verifier.ts';
import { Watch } from './watch.ts';

const MINUTE_MS = 60_000;
/** Revoked keys are known for this long: their user tokens have ended by then. */
const REVOKED_MS = REVOKED_SECONDS * 1_000;

export interface AccessParts {
  readonly keys: KeyStore;
  readonly hints: AccessHints;
  /** The admin keys of the environment. If there is one, keys are needed from the start on. */
  readonly adminKeys: readonly string[];
  /** The installation's limits: those that an application has unless it has its own. 0 or undefined: none. */
  readonly defaults: ApplicationLimits;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock?: Clock;
}

/** Says who sends a request. Throws, or rejects with, Unauthenticated, NotFound, Forbidden or Unavailable. */
export type Admit = (request: Request, params: PathParams) => Caller | Promise<Caller>;

export class Access {
  /** Signs user tokens. */
  readonly userTokens: UserTokens;
  readonly #parts: AccessParts;
  readonly #clock: Clock;
  readonly #adminKeys: AdminKeys;
  readonly #admin = new KnownAdmin();
  readonly #remembered = new Remembered();
  /** The keys that were revoked, and when. */
  readonly #revoked = new Map<string, number>();
  readonly #limits: Limits;
  readonly #pace: Pace;
  readonly #lookups: KeyLookups;
  readonly #verifier: Verifier;
  readonly #signer: Signer;
  readonly #watch: Watch;
  readonly #usage: KeyUsage;
  readonly #refusals: Refusals;
  #signingKeysCreated: readonly number[] = [];
  #isKeyed: boolean;
  #queries = 0;
  #isListening = false;
  #cancel: (() => void) | undefined;
  #upkeep: Promise<void> = Promise.resolve();

  constructor(parts: AccessParts) {
    const { keys, hints, adminKeys, defaults, logger, registry, clock = systemClock } = parts;
    this.#parts = parts;
    this.#clock = clock;
    this.#adminKeys = new AdminKeys(adminKeys);
    this.#isKeyed = adminKeys.length > 0;
    this.#limits = new Limits(defaults, clock);
    this.#pace = new Pace(clock);
    const onQuery = () => {
      this.#queries += 1;
    };
    this.#lookups = new KeyLookups({ keys, pace: this.#pace, clock, onQuery });
    const take = (state: AccessState) => this.#take(state);
    this.#watch = new Watch({ keys, hints, clock, logger, take });
    const refresh = () => {
      onQuery();
      return this.#watch.look();
    };
    this.#verifier = new Verifier({ pace: this.#pace, clock, refresh });
    this.#signer = new Signer(keys, () => clock.now());
    this.userTokens = { sign: (session) => this.#signer.sign(session) };
    this.#usage = new KeyUsage({ keys, remembered: this.#remembered, clock, logger });
    this.#refusals = new Refusals(registry);
    const lookups = 'parley_access_lookups_total';
    readCounter({ name: lookups, help: 'Queries that unknown keys led to', registry }, () => this.#queries);
    const keyed = { name: 'parley_access_keyed', help: 'Whether keys are needed: 1 or 0', registry };
    readGauge(keyed, () => (this.#isKeyed ? 1 : 0));
  }

  /** Whether keys are needed. */
  get isKeyed(): boolean {
    return this.#isKeyed;
  }

  /**
   * Reads the state, and follows it from now on. Waits a minute for the store; then it rejects with Unavailable. Admit
   * nothing before it resolves.
   */
  async start(): Promise<void> {
    if (this.#cancel !== undefined) return;
    const { keys, hints, adminKeys, logger } = this.#parts;
    if (!this.#isListening) {
      this.#isListening = true;
      hints.listen((hint) => {
        if (hint.kind === 'revoked') this.#revoke(hint.id, this.#clock.now());
        else this.#watch.lookSoon();
      });
    }
    if (adminKeys.length > 0) await whenAvailable(logger, () => keys.setKeyed(true));
    await whenAvailable(logger, () => this.#watch.look());
    this.#watch.start();
    this.#cancel = this.#clock.every(MINUTE_MS, () => {
      this.#upkeep = this.#upkeep.then(() => this.#tidy());
    });
    if (this.#isKeyed) logger.info('keys are needed');
    else {
      logger.warn(
        'open: no key is needed, whoever reaches this program may read and change everything; ADMIN_KEY turns keys on',
      );
    }
  }

  async stop(): Promise<void> {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#cancel = undefined;
    await this.#watch.stop();
    this.#pace.stop();
    await this.#upkeep;
    await this.#usage.flush();
  }

  /** Makes the function that says who sends a request of an operation. */
  admission(operation: Pick<Operation, 'path' | 'needs' | 'users'>): Admit {
    const rights = new Rights(operation);
    return ({ headers }, params) => {
      const text = headers.get('authorization');
      if (text === null) {
        if (this.#isKeyed) throw this.#refusals.none();
        return ANYONE;
      }
      const known = this.#remembered.get(text);
      return known === undefined ? this.#recognize(text, rights, params) : this.#admitted(known, rights, params);
    };
  }

  /** The quota of the application that a path names; undefined if it has no limits. */
  quotaOf(token: string | undefined): ApplicationQuota | undefined {
    return this.#limits.quotaOf(token);
  }

  #admitted(known: Known, rights: Rights, params: PathParams): Caller {
    if (known !== this.#admin) {
      if (!this.#watch.isTrusted) throw this.#refusals.untrusted();
      if (known.endsAt <= this.#clock.now()) throw this.#refusals.ended();
      if (known.kind !== 'user') known.used = true;
    }
    const refusal = rights.refusal(known, params);
    if (refusal !== undefined) throw this.#refusals.counted(refusal);
    return known;
  }

  #recognize(text: string, rights: Rights, params: PathParams): Caller | Promise<Caller> {
    const credential = credentialOf(text);
    if (!this.#isKeyed && (credential === undefined || !isUserToken(credential))) return ANYONE;
    if (credential === undefined) throw this.#refusals.malformed();
    const inOneForm = bearer(credential);
    const known = inOneForm === text ? undefined : this.#remembered.get(inOneForm);
    if (known !== undefined) return this.#admitted(known, rights, params);
    if (this.#isKeyed && this.#adminKeys.has(credential)) {
      this.#remembered.add(inOneForm, this.#admin);
      return this.#admitted(this.#admin, rights, params);
    }
    const named = parseSecretKey(credential);
    if (named === undefined) return this.#userOf(credential, rights, params);
    if (named.token !== undefined && rights.isOutside(named.token, params)) {
      throw this.#refusals.counted(rights.absent());
    }
    const hash = hashOfKey(credential);
    if (this.#lookups.isAbsent(hash)) throw this.#refusals.unknown();
    return this.#keyOf(credential, hash, named.token, rights, params);
  }

  async #keyOf(
    credential: string,
    hash: string,
    token: Token | undefined,
    rights: Rights,
    params: PathParams,
  ): Promise<Caller> {
    const key = await this.#found(hash);
    if (key === undefined || key.token !== token) throw this.#refusals.unknown();
    if (key.revokedAt !== undefined || this.#revoked.has(key.id)) {
      this.#lookups.noteAbsent(hash);
      throw this.#refusals.revoked();
    }
    const known = token === undefined ? new KnownAdmin(key) : new KnownKey(token, key);
    if (known.endsAt <= this.#clock.now()) {
      this.#lookups.noteAbsent(hash);
      throw this.#refusals.ended();
    }
    if (!this.#isKeyed) return ANYONE; // keys were turned off meanwhile
    const text = bearer(credential);
    // Of several requests at once, all get the object that is remembered.
    const same = this.#remembered.get(text);
    if (same === undefined) this.#remembered.add(text, known);
    return this.#admitted(same ?? known, rights, params);
  }

  async #found(hash: string): Promise<AccessKey | undefined> {
    try {
      return await this.#lookups.find(hash);
    } catch (error) {
      throw this.#refusals.failed(error);
    }
  }

  #userOf(credential: string, rights: Rights, params: PathParams): Promise<Caller> {
    const token = readToken(credential);
    if (token === undefined) throw this.#refusals.malformed();
    const { kid, claims } = token;
    const { aud, sub, can, chats, exp, nbf, key, open } = claims;
    if (rights.isOutside(aud, params)) throw this.#refusals.counted(rights.absent());
    const now = this.#clock.now();
    if (exp * 1_000 <= now || (nbf !== undefined && nbf * 1_000 > now)) throw this.#refusals.ended();
    if (!this.#watch.isTrusted) throw this.#refusals.untrusted();
    const user = new KnownUser(aud, sub, can, chats, exp * 1_000, key, kid, open);
    return this.#verified(credential, user, rights, params);
  }

  async #verified(credential: string, user: KnownUser, rights: Rights, params: PathParams): Promise<Caller> {
    const isValid = await this.#verifier.isValid(credential, user.kid).catch((error: unknown) => {
      throw this.#refusals.failed(error);
    });
    if (!isValid) throw this.#refusals.unknown();
    // Only now: a forged token must not tell whether a key was revoked.
    if (user.key !== undefined && this.#revoked.has(user.key)) throw this.#refusals.revoked();
    // Whoever reached the installation could make it then.
    if (this.#isKeyed && user.isOpen) throw this.#refusals.ended();
    if (this.#verifier.has(user.kid)) this.#remembered.add(bearer(credential), user);
    return this.#admitted(user, rights, params);
  }

  #take({ keyed, revoked, signingKeys, limits }: AccessState): void {
    if (keyed === undefined && this.#isKeyed) this.#keyAgain();
    else this.#setKeyed(keyed === true);
    const found = revoked.filter(({ id, at }) => this.#revoke(id, at));
    if (found.length > 0 && this.#cancel !== undefined) this.#tell(found);
    this.#signer.setNewest([...signingKeys].sort((a, b) => b.createdAt - a.createdAt)[0]?.kid);
    this.#signingKeysCreated = signingKeys.map(({ createdAt }) => createdAt);
    const before = this.#verifier.count;
    this.#verifier.setKeys(signingKeys);
    if (before > 0) this.#remembered.forget((known) => known.kind === 'user' && !this.#verifier.has(known.kid));
    for (const { token, limits: own } of limits) this.#limits.set(token, own);
  }

  #setKeyed(keyed: boolean): void {
    if (keyed === this.#isKeyed) return;
    this.#isKeyed = keyed;
    this.#remembered.forget(() => true);
    this.#parts.logger.warn({ keyed }, keyed ? 'keys are needed from now on' : 'open: no key is needed from now on');
  }

  /** The database was restored from before keys were turned on, or made anew: that opens nothing. */
  #keyAgain(): void {
    const { keys, logger } = this.#parts;
    logger.error('the database does not know that keys are needed; they stay needed, and it is told again');
    this.#upkeep = this.#upkeep
      .then(() => keys.setKeyed(true))
      .catch((error: unknown) => logger.debug({ err: error }, 'it could not be told; the next look tries again'));
  }

  /** Returns whether this was not known. */
  #revoke(id: string, at: number): boolean {
    if (this.#revoked.has(id)) return false;
    this.#revoked.set(id, at);
    this.#remembered.forget((known) => known.key === id);
    return true;
  }

  /**
   * Whoever revoked them could not tell it. A program that is without the store would not find them out, and trusts its
   * hints.
   */
  #tell(revoked: AccessState['revoked']): void {
    const { hints, logger } = this.#parts;
    this.#upkeep = this.#upkeep
      .then(() => Promise.all(revoked.map(({ id }) => hints.tell({ kind: 'revoked', id }))))
      .then(ignore, (error: unknown) => logger.debug({ err: error }, 'revoked keys could not be told'));
  }

  /** Once a minute. Never rejects. */
  async #tidy(): Promise<void> {
    const now = this.#clock.now();
    this.#remembered.forget(({ endsAt }) => endsAt <= now);
    for (const [id, at] of this.#revoked) if (at < now - REVOKED_MS) this.#revoked.delete(id);
    await this.#usage.flush();
    const before = droppableBefore(this.#signingKeysCreated, now);
    if (before === undefined) return;
    await this.#parts.keys.dropSigningKeys(before).catch((error: unknown) => {
      this.#parts.logger.debug({ err: error }, 'old signing keys could not be dropped');
    });
  }
}

function ignore(): void {}
