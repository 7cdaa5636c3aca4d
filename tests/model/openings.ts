import { isOpen, type Model, NO_OPENER, NONE, type Opener, type State, type Step } from './state.ts';

/**
 * The steps of openers of epochs: look at Redis, take a number from MySQL, claim it in Redis, wait, fence, open. Each
 * may pause anywhere, for ever.
 */
export function openingSteps(model: Model, state: State): Step[] {
  return state.openers.flatMap((opener, index) => new Opening(model, state, index, opener).steps());
}

class Opening {
  constructor(
    readonly model: Model,
    readonly state: State,
    readonly index: number,
    readonly opener: Opener,
  ) {}

  steps(): Step[] {
    const { phase } = this.opener;
    if (phase === 'none') return this.#look();
    if (phase === 'taken') return [this.#claim()];
    if (phase === 'waiting') return this.#fence();
    return phase === 'fenced' ? [this.#open()] : [];
  }

  #look(): Step[] {
    const { redis, given, suspect } = this.state;
    if (isOpen(redis) && redis.n > suspect) return [];
    const opening = redis.n > 0 && !redis.open && redis.claimedIn === redis.run;
    if (opening && (given === redis.n || !this.model.rules.abandonsOvertaken)) {
      return [this.#go(`finds epoch ${redis.n} being opened, and goes on with it`, this.#waiting(redis.n))];
    }
    return this.#take();
  }

  #take(): Step[] {
    const { redis, given } = this.state;
    const n = given + 1;
    const next = { phase: 'taken', n, run: redis.run, olderDraws: 0 } as const;
    const steps = given < this.model.scope.epochs ? [this.#go(`takes epoch ${n}`, next, { given: n })] : [];
    if (this.model.rules.epochsGivenOnce || given === 0) return steps;
    return [...steps, this.#go(`takes epoch ${given}, as another did`, { ...next, n: given })];
  }

  #claim(): Step {
    const { redis } = this.state;
    const { rules } = this.model;
    const { n, run } = this.opener;
    if (!rules.claimsBeforeWaiting) return this.#go(`begins to wait for epoch ${n}`, this.#waiting(n));
    if (rules.claimsInRunOfLook && redis.run !== run) return this.#go('finds another run of Redis', NO_OPENER);
    if (rules.claimsOnlyUpwards && redis.n >= n) return this.#go(`finds epoch ${redis.n} claimed`, NO_OPENER);
    const claimed = { ...redis, n, claimedIn: redis.run, open: false, counter: this.#counterOf(n) };
    return this.#go(`claims epoch ${n}`, this.#waiting(n), { redis: claimed });
  }

  /** The counter after the claim of epoch n: none in a new epoch, because counters have their epoch in their names. */
  #counterOf(n: number): number {
    const { redis } = this.state;
    if (!this.model.rules.drawComparesEpoch) return redis.counter;
    return redis.n === n ? redis.counter : NONE;
  }

  #fence(): Step[] {
    const { rules } = this.model;
    const { n, olderDraws } = this.opener;
    if (rules.waits && olderDraws !== 0) return [];
    if (rules.abandonsOvertaken && this.state.given !== n) {
      return [this.#go(`finds that a higher epoch than ${n} was given out`, NO_OPENER)];
    }
    // Before the first epoch nothing can have been drawn, so it needs no fence.
    if (n === 1 || !rules.fences) return [this.#go('goes on without a fence', { ...this.opener, phase: 'fenced' })];
    const queue = [...this.state.queue, -n];
    return [this.#go(`has waited, and sends fence ${n}`, { ...this.opener, phase: 'fencing' }, { queue })];
  }

  #open(): Step {
    const { redis } = this.state;
    const { rules } = this.model;
    const { n, run } = this.opener;
    const own = redis.n === n && redis.claimedIn === run && redis.run === run;
    if (!rules.claimsBeforeWaiting && redis.n < n && redis.run === run) {
      const opened = { ...redis, n, claimedIn: run, open: true, counter: NONE };
      return this.#go(`opens epoch ${n}`, NO_OPENER, { redis: opened });
    }
    if (!own && !rules.opensOwnClaimOnly && redis.n > 0) {
      const opened = { ...redis, claimedIn: redis.run, open: true };
      return this.#go(`opens epoch ${redis.n}, whoever claimed it`, NO_OPENER, { redis: opened });
    }
    if (!own) return this.#go(`finds that its claim of epoch ${n} is gone`, NO_OPENER);
    return this.#go(`opens epoch ${n}`, NO_OPENER, { redis: { ...redis, open: true } });
  }

  #waiting(n: number): Opener {
    const { redis, creates } = this.state;
    const olderDraws = creates.reduce((bits, { phase }, index) => bits | (phase === 'drawn' ? 1 << index : 0), 0);
    return { phase: 'waiting', n, run: redis.run, olderDraws };
  }

  #go(what: string, opener: Opener, change: Partial<State> = {}): Step {
    const openers = this.state.openers.with(this.index, opener);
    return { what: `opener ${'CD'[this.index] ?? this.index}: ${what}`, next: { ...this.state, openers, ...change } };
  }
}
