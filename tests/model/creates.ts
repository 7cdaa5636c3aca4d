import {
  aheadOfFence,
  counterWasLost,
  draw,
  drawPasses,
  keyedRow,
  limit,
  published,
  seed,
  withNote,
  withoutDraw,
  withStray,
} from './answers.ts';
import {
  type Act,
  begunOf,
  type Create,
  eventOf,
  highestRow,
  IDLE,
  isOpen,
  type Model,
  NEXT,
  NONE,
  type State,
  type Step,
  withEvent,
} from './state.ts';

/**
 * The steps of creating processes: draw a number, create (seed) a missing counter, ask about a key, publish,
 * acknowledge. The classes of libs/protocol do the same: classes.test.ts takes the steps of both side by side.
 */
export function createSteps(model: Model, state: State): Step[] {
  return state.creates.flatMap((create, index) => new Creating(model, state, index, create).steps());
}

/** Redis learns that an acknowledged key is confirmed some time later, or never. */
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
    if (phase === 'idle') return this.model.scope.creates[this.index]?.[at] === undefined ? [] : this.#draw(undefined);
    if (phase === 'fencing') return this.create.value > 0 ? [] : [this.#look()];
    if (phase === 'looked') return [this.#seed()];
    if (phase === 'asking') return [this.#ask()];
    if (phase === 'asked') return this.#drawAsked();
    if (phase === 'drawn') return [this.#acknowledge(), this.#giveUp()];
    return [this.#acknowledge()];
  }

  get #begun(): Create['begun'] {
    return begunOf(this.model, this.state, this.create);
  }

  get #keyed(): boolean {
    return this.model.scope.creates[this.index]?.[this.create.at] === 'keyed';
  }

  #draw(keyAbsentIn: number | undefined): Step[] {
    const { model, state } = this;
    if (!drawPasses(model, state)) return [];
    const limited = limit(model, state, { keyed: this.#keyed, keyAbsentIn });
    const drawn = this.#drawWithin(keyAbsentIn);
    if (limited === undefined) return drawn;
    const refused = { at: this.create.at + 1, ...NEXT };
    return [...drawn, this.#go('limit', 'is beyond the limit of messages, and refuses', refused, limited)];
  }

  #drawWithin(keyAbsentIn: number | undefined): Step[] {
    const { model, state } = this;
    const { answer, change } = draw(model, state, { keyed: this.#keyed, keyAbsentIn });
    if (answer.status === 'unsure') {
      const what = `in epoch ${answer.epoch} the store is to be asked about the key`;
      return [this.#go('draw', what, { ...IDLE, phase: 'asking', epoch: answer.epoch })];
    }
    if (answer.status === 'gone') return [this.#refuse('draw')];
    if (answer.status === 'missing') {
      const asked = keyAbsentIn !== undefined;
      const value = aheadOfFence(model, state);
      return [
        this.#go('draw', `no counter in epoch ${answer.epoch}`, {
          phase: 'fencing',
          epoch: answer.epoch,
          value,
          asked,
        }),
      ];
    }
    const { event } = answer;
    const drawn = { ...IDLE, phase: 'drawn', value: event } as const;
    if (answer.status === 'drawn') return [this.#go('draw', `draws event ${event}`, drawn, change)];
    if (answer.confirmed) return [this.#answer('draw', event, 'Redis has the key as confirmed')];
    return [this.#go('draw', `Redis has the key: event ${event} is to be published again`, drawn)];
  }

  #ask(): Step {
    const event = keyedRow(this.model, this.state);
    if (event !== NONE) return this.#answer('ask', event, 'the store has the key');
    return this.#go('ask', 'the store does not have the key', { ...this.create, phase: 'asked' });
  }

  #drawAsked(): Step[] {
    const { state, model, create } = this;
    if (!drawPasses(model, state) || (model.rules.answerCountsInItsEpoch && state.redis.n !== create.epoch)) {
      return [this.#go('forget', 'the epoch has changed since the store was asked', IDLE)];
    }
    return this.#draw(create.epoch);
  }

  #look(): Step {
    const { state, model, create } = this;
    if (state.deleted) return this.#refuse('look');
    if (counterWasLost(model, state, create.epoch)) {
      // Another process may have created the counter meanwhile.
      if (state.redis.counter !== NONE)
        return this.#go('look', 'finds that the counter is there by now', this.#again());
      return this.#go('look', `finds a row of epoch ${create.epoch}: its counter was lost`, IDLE, {
        suspect: Math.max(state.suspect, create.epoch),
      });
    }
    const value = highestRow(state);
    return this.#go('look', `reads the highest number, ${value}`, { ...create, phase: 'looked', value });
  }

  #seed(): Step {
    const { epoch, value } = this.create;
    const change = seed(this.model, this.state, value, epoch);
    if (change === undefined) return this.#go('seed', `creates no counter, for epoch ${epoch} is over`, this.#again());
    return this.#go('seed', `creates the counter of epoch ${epoch} with ${value}`, this.#again(), change);
  }

  /** The process draws again, and knows what the store said about its key before. */
  #again(): Partial<Create> {
    const { epoch, asked } = this.create;
    return asked ? { ...IDLE, phase: 'asked', epoch } : IDLE;
  }

  #refuse(act: Act): Step {
    return this.#go(act, 'finds that the chat was deleted, and refuses', { at: this.create.at + 1, ...NEXT });
  }

  /** Publishes, gets the confirm and acknowledges in one step: a pause between them would only delay the answer. */
  #acknowledge(): Step {
    const { state, create, model } = this;
    const event = create.value;
    const { number, keyed } = eventOf(state, event);
    return this.#go(
      'acknowledge',
      `publishes event ${event} and acknowledges number ${number}`,
      { at: create.at + 1, ...NEXT },
      {
        ...published(model, state, event),
        acknowledgedGone: this.#begun === 'after',
        events: withEvent(state, event, { acknowledged: true }),
        ...(keyed && withNote(state, event)),
      },
    );
  }

  /** After two seconds the create is refused. Its event may be on its way, or its process frozen before the publish. */
  #giveUp(): Step {
    const { state, create, model } = this;
    if (!model.rules.acknowledgesInTime)
      return this.#go('give up', 'takes longer than 2 s', { ...create, phase: 'late' });
    const what = `takes longer than 2 s over event ${create.value}, and refuses`;
    return this.#go('give up', what, { at: create.at + 1, ...NEXT }, withStray(state, create.value));
  }

  #answer(act: Act, event: number, why: string): Step {
    const { number } = eventOf(this.state, event);
    return this.#go(
      act,
      `${why}, and acknowledges number ${number} again`,
      { at: this.create.at + 1, ...NEXT },
      {
        acknowledgedGone: this.#begun === 'after',
        events: withEvent(this.state, event, { acknowledged: true }),
      },
    );
  }

  #go(act: Act, what: string, create: Partial<Create>, change: Partial<State> = {}): Step {
    const { state, index } = this;
    const next = { ...this.create, begun: this.#begun, ...create };
    const creates = state.creates.with(index, next);
    const waited = next.phase === 'drawn' ? {} : withoutDraw(state, index);
    return {
      what: `${this.#name}: ${what}`,
      by: { process: index, act },
      next: { ...state, creates, ...waited, ...change },
    };
  }
}
