/** The limits of all applications: their own, over those of the installation. */
import type { ApplicationLimits, LimitName, Token } from '@parley/domain';
import { LIMIT_NAMES, parseToken } from '@parley/domain';
import { ApplicationQuota } from './application-quota.ts';
import type { Clock } from './clock.ts';

const QUOTAS_MAX = 50_000;

export class Limits {
  readonly #defaults: ApplicationLimits;
  readonly #own = new Map<Token, ApplicationLimits>();
  readonly #quotas = new Map<Token, ApplicationQuota>();
  #hasAny: boolean;

  constructor(
    defaults: ApplicationLimits,
    private readonly clock: Clock,
    private readonly quotasMax = QUOTAS_MAX,
  ) {
    this.#defaults = merged(defaults, {});
    this.#hasAny = LIMIT_NAMES.some((name) => this.#defaults[name] !== undefined);
  }

  /** Replaces an application's own limits. */
  set(token: Token, own: ApplicationLimits): void {
    if (LIMIT_NAMES.every((name) => own[name] === undefined)) this.#own.delete(token);
    else this.#own.set(token, own);
    this.#hasAny = this.#own.size > 0 || LIMIT_NAMES.some((name) => this.#defaults[name] !== undefined);
    const limits = this.of(token);
    const present = this.#quotas.get(token);
    if (present !== undefined && !isSame(present.limits, limits)) this.#quotas.delete(token);
  }

  of(token: Token): ApplicationLimits {
    const own = this.#own.get(token);
    return own === undefined ? this.#defaults : merged(this.#defaults, own);
  }

  /** The quota of the application that a path names; undefined if it has no limits. */
  quotaOf(text: string | undefined): ApplicationQuota | undefined {
    if (!this.#hasAny || text === undefined) return undefined;
    return this.#quotas.get(text) ?? this.#newQuota(text);
  }

  #newQuota(text: string): ApplicationQuota | undefined {
    const token = parseToken(text);
    if (token === undefined) return undefined;
    const limits = this.of(token);
    if (LIMIT_NAMES.every((name) => limits[name] === undefined)) return undefined;
    if (this.#quotas.size >= this.quotasMax) this.#makeRoom();
    const quota = new ApplicationQuota(limits, this.clock);
    this.#quotas.set(token, quota);
    return quota;
  }

  #makeRoom(): void {
    for (const [token, quota] of this.#quotas) if (quota.isAtRest) this.#quotas.delete(token);
    for (const token of this.#quotas.keys()) {
      if (this.#quotas.size < this.quotasMax) return;
      this.#quotas.delete(token);
    }
  }
}

/** A limit of 0 is none. */
function merged(defaults: ApplicationLimits, own: ApplicationLimits): ApplicationLimits {
  const limits: { [Name in LimitName]?: number } = {};
  for (const name of LIMIT_NAMES) {
    const limit = own[name] ?? defaults[name];
    if (limit !== undefined && limit > 0) limits[name] = limit;
  }
  return limits;
}

function isSame(a: ApplicationLimits, b: ApplicationLimits): boolean {
  return LIMIT_NAMES.every((name) => a[name] === b[name]);
}
