import {
  type Create,
  eventOf,
  highestRow,
  IDLE,
  isOpen,
  isStored,
  type Model,
  NONE,
  rowOf,
  type State,
  type Step,
  withEvent,
} from './state.ts';

/** What the processes that create do: draw, seed a missing counter, ask about a key, publish, acknowledge. */
export function createSteps(model: Model, state: State): Step[] {
  return state.creates.flatMap((create, index) => new Creating(model, state, index, create).steps());
}

/** A key that was acknowledged is noted as confirmed some time later, or never. */
export function noteSteps({ rules }: Model, state: State): Step[] {
  const { redis, notes } = state;
  if (!isOpen(redis)) return [];
  return notes.map((event, index) => {
    const fits = redis.key === event || (redis.key !== NONE && !rules.notesNameEvent);
    const next = { ...state, redis: fits ? { ...redis, confirmed: true } : redis, notes: notes.toSpliced(index, 1) };
    return { what: `Redis is told that event ${event} of the key is confirmed`, next };
  });
}

class Creating {
  readonly #name: string;
  constructor(
    readonly model: Model,
    readonly state: State,
    readonly index: number,
    readonly create: Create,
  ) {
    this.#name = `process ${'AB'[index] ?? index}`;
  }

  steps(): Step[] {
    const { phase, at } = this.create;
    if (phase === 'idle') return this.model.scope.creates[this.index]?.[at] === undefined ? [] : this.#draw();
    if (phase === 'fencing') return this.create.value > 0 ? [] : [this.#look()];
    if (phase === 'looked') return [this.#seed()];
    if (phase === 'asking') return [this.#ask()];
    if (phase === 'asked') return this.#drawAsked();
    if (phase === 'drawn') return [this.#acknowledge(), this.#giveUp()];
    return [this.#acknowledge()];
  }

  get #keyed(): boolean {
    return this.model.scope.creates[this.index]?.[this.create.at] === 'keyed';
  }

  /** Whether the draw's script passes. */
  get #passes(): boolean {
    const { rules } = this.model;
    const { redis } = this.state;
    if (!rules.drawComparesEpoch) return redis.n > 0;
    return rules.drawComparesRun ? isOpen(redis) : redis.open;
  }

  #draw(): Step[] {
    if (!this.#passes) return [];
    const { redis } = this.state;
    if (!this.#keyed) return [this.#drawNumber()];
    if (redis.key !== NONE) return [this.#repeat()];
    if (redis.n > 1 && this.model.rules.asksAboutUnknownKeys) return [this.#startAsking('unknown')];
    return [this.#drawNumber()];
  }

  /** The key is known. */
  #repeat(): Step {
    const { redis } = this.state;
    const { epoch } = eventOf(this.state, redis.key);
    if (redis.confirmed) return this.#answer(redis.key, 'Redis has the key as confirmed');
    if (epoch < redis.n && this.model.rules.asksAboutOlderKeys) return this.#startAsking(`of epoch ${epoch}`);
    return this.#go(`Redis has the key: event ${redis.key} is to be published again`, {
      phase: 'drawn',
      epoch: 0,
      value: redis.key,
    });
  }

  #startAsking(how: string): Step {
    const { n } = this.state.redis;
    return this.#go(`the key is ${how} in epoch ${n}, so the store is to be asked`, {
      phase: 'asking',
      epoch: n,
      value: 0,
    });
  }

  #ask(): Step {
    const { state, model } = this;
    const event = model.rules.asksByKey ? state.keyRow : state.redis.key;
    if (event !== NONE && isStored(state, event)) return this.#answer(event, 'the store has the key');
    return this.#go('the store does not have the key', { ...this.create, phase: 'asked' });
  }

  #drawAsked(): Step[] {
    const { state, model, create } = this;
    const { redis } = state;
    if (!this.#passes || (model.rules.answerCountsInItsEpoch && redis.n !== create.epoch)) {
      return [this.#go('the epoch has changed meanwhile', IDLE)];
    }
    const current = redis.key !== NONE && (redis.confirmed || eventOf(state, redis.key).epoch === redis.n);
    return [current ? this.#repeat() : this.#drawNumber()];
  }

  #drawNumber(): Step {
    const { state, model } = this;
    const { redis } = state;
    if (redis.counter === NONE) {
      const value = model.rules.looksBehindFence ? state.queue.length : 0;
      return this.#go(`no counter in epoch ${redis.n}`, { phase: 'fencing', epoch: redis.n, value });
    }
    const number = redis.counter + 1;
    const event = state.events.length;
    const key = this.#keyed ? { key: event, confirmed: false } : {};
    const drawn = { number, epoch: redis.n, keyed: this.#keyed, acknowledged: false, rejected: '' as const };
    return this.#go(
      `draws number ${number} in epoch ${redis.n}: event ${event}`,
      { phase: 'drawn', epoch: 0, value: event },
      { redis: { ...redis, counter: number, ...key }, events: [...state.events, drawn] },
    );
  }

  #look(): Step {
    const { state, model, create } = this;
    const highest = highestRow(state);
    const row = rowOf(state, highest);
    if (row !== NONE && eventOf(state, row).epoch >= create.epoch && model.rules.lostCounterOpensEpoch) {
      // Another process may have created it since.
      if (state.redis.counter !== NONE) return this.#go('finds that the counter is there by now', IDLE);
      return this.#go(`finds a row of epoch ${create.epoch}: its counter was lost`, IDLE, {
        suspect: Math.max(state.suspect, create.epoch),
      });
    }
    return this.#go(`reads the highest number, ${highest}`, { ...create, phase: 'looked', value: highest });
  }

  #seed(): Step {
    const { redis } = this.state;
    const { epoch, value } = this.create;
    const { seedsNotedEpoch, seedsOnlyMissing } = this.model.rules;
    if (!this.#passes || (seedsNotedEpoch && redis.n !== epoch)) {
      return this.#go(`creates no counter, for epoch ${epoch} is over`, IDLE);
    }
    const counter = seedsOnlyMissing && redis.counter !== NONE ? redis.counter : value;
    return this.#go(`creates the counter in epoch ${redis.n} with ${value}`, IDLE, { redis: { ...redis, counter } });
  }

  /** The queue has it, confirms, and the client is told: waiting in between would only make it later. */
  #acknowledge(): Step {
    const { state, create, model } = this;
    const event = create.value;
    const { number, keyed } = eventOf(state, event);
    const way = model.rules.confirmsFirst ? { queue: [...state.queue, event] } : { strays: withStray(state, event) };
    return this.#go(
      `publishes event ${event} and acknowledges number ${number}`,
      { at: create.at + 1, ...IDLE },
      {
        ...way,
        events: withEvent(state, event, { acknowledged: true }),
        notes: keyed ? [...state.notes, event].sort((one, other) => one - other) : state.notes,
      },
    );
  }

  /** Two seconds are over. The event may be under way, or the process be frozen before it publishes. */
  #giveUp(): Step {
    const { state, create, model } = this;
    if (!model.rules.acknowledgesInTime) return this.#go('takes longer than 2 s', { ...create, phase: 'late' });
    return this.#go(
      `takes longer than 2 s over event ${create.value}, and refuses`,
      { at: create.at + 1, ...IDLE },
      { strays: withStray(state, create.value) },
    );
  }

  #answer(event: number, why: string): Step {
    const { number } = eventOf(this.state, event);
    return this.#go(
      `${why}, and acknowledges number ${number} again`,
      { at: this.create.at + 1, ...IDLE },
      { events: withEvent(this.state, event, { acknowledged: true }) },
    );
  }

  #go(what: string, create: Partial<Create>, change: Partial<State> = {}): Step {
    const { state, index } = this;
    const next = { ...this.create, ...create };
    const creates = state.creates.with(index, next);
    const openers = next.phase === 'drawn' ? state.openers : withoutDraw(state, index);
    return { what: `${this.#name}: ${what}`, next: { ...state, creates, openers, ...change } };
  }
}

/** This process has no draw any more that an opener would have to wait for. */
function withoutDraw({ openers }: State, index: number): State['openers'] {
  const bit = 1 << index;
  if (openers.every(({ olderDraws }) => (olderDraws & bit) === 0)) return openers;
  return openers.map((opener) => ({ ...opener, olderDraws: opener.olderDraws & ~bit }));
}

function withStray({ strays }: State, event: number): readonly number[] {
  return [...strays, event].sort((one, other) => one - other);
}
