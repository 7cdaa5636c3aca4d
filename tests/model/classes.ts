import { expect } from 'bun:test';
import { Unavailable } from '@parley/domain';
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
import { type Call, type End, Process } from './process.ts';
import {
  type Act,
  begunOf,
  type Create,
  eventOf,
  highestRow,
  IDLE,
  initialState,
  type Model,
  NEXT,
  NONE,
  type State,
  type Step,
  withEvent,
} from './state.ts';
import { otherSteps } from './steps.ts';

type CallTo<To extends Call['to']> = Extract<Call, { to: To }>;

/** The commit number (`seq`) that a fence returns. The read of the store after it must pass it on. */
const SEQ = 7;
const WAIT_MS = 100;

/**
 * The model with the classes of libs/protocol as its processes. Servers, accidents and openers of epochs are the
 * model's. Each class decides what its process does next; `state.creates` records which call it waits for.
 */
export class World {
  state: State;
  /** How many creates ended so that their client must repeat them. The model's processes never end so. */
  askedAgain = 0;
  readonly #model: Model;
  readonly #processes: Process[];
  /** By process: the event that Redis or the store last returned to it. */
  readonly #events: number[];
  /**
   * By process: whether it remembers what the store said about its key in an epoch that is over, which Redis ignores.
   */
  readonly #forgot: boolean[];
  /** By process: whether the two seconds of its create are over, and it has not noticed. */
  readonly #late: boolean[];

  constructor(model: Model) {
    this.#model = model;
    this.state = initialState(model.scope);
    this.#processes = model.scope.creates.map((_, index) => new Process((id) => this.#confirmed(id), index % 2 === 1));
    this.#events = model.scope.creates.map(() => NONE);
    this.#forgot = model.scope.creates.map(() => false);
    this.#late = model.scope.creates.map(() => false);
    for (const index of model.scope.creates.keys()) this.#begin(index);
  }

  /** Takes a step. Returns false if it is impossible here: the process waits for another call. */
  async take({ what, by }: Step): Promise<boolean> {
    if (by !== undefined) return this.#act(by.process, by.act);
    const found = otherSteps(this.#model, this.state).find((step) => step.what === what);
    if (found !== undefined) this.state = found.next;
    return found !== undefined;
  }

  async #act(index: number, act: Act): Promise<boolean> {
    const { call } = this.#process(index);
    const before = this.state;
    const create = this.#create(index);
    this.#keep(index, { ...create, begun: begunOf(this.#model, this.state, create) });
    if (act === 'draw' && call?.to === 'draw' && this.#passes) await this.#draw(index, call);
    else if (act === 'limit' && call?.to === 'draw' && this.#mayLimit(call)) await this.#limit(index, call);
    else if (act === 'look' && this.#mayLook(index, call)) await this.#look(index);
    else if (act === 'seed' && call?.to === 'seed') await this.#seed(index, call);
    else if (act === 'ask' && call?.to === 'keyedCreate') await this.#ask(index, call);
    else if (act === 'acknowledge' && call?.to === 'publish') await this.#publish(index, call);
    else if (act === 'give up' && call?.to === 'publish') await this.#giveUp(index, call);
    else if (act === 'forget' && call?.to === 'draw') await this.#forget(index, call);
    else {
      this.state = before;
      return false;
    }
    return true;
  }

  async #draw(index: number, call: CallTo<'draw'>): Promise<void> {
    const { answer, change } = draw(this.#model, this.state, call);
    this.#change(index, change);
    if (answer.status === 'unsure') this.#forgot[index] = false;
    if (answer.status === 'gone' || answer.status === 'missing' || answer.status === 'unsure') {
      return this.#proceed(index, () => call.answer(answer));
    }
    this.#events[index] = answer.event;
    const { number, epoch } = eventOf(this.state, answer.event);
    const drawn = { ...answer, first: number, eventId: String(answer.event), epoch };
    return this.#proceed(index, () => call.answer(drawn));
  }

  #mayLimit(call: CallTo<'draw'>): boolean {
    return this.#passes && limit(this.#model, this.state, call) !== undefined;
  }

  async #limit(index: number, call: CallTo<'draw'>): Promise<void> {
    this.#change(index, limit(this.#model, this.state, call) ?? {});
    await this.#proceed(index, () => call.answer({ status: 'limited', retryAfterMs: WAIT_MS }));
  }

  #mayLook(index: number, call: Call | undefined): boolean {
    return call?.to === 'highest' || (call?.to === 'fence' && this.state.creates[index]?.value === 0);
  }

  /** Answers a fence and the read of the store after it. If the counter was lost, also the seed, which finds that. */
  async #look(index: number): Promise<void> {
    const process = this.#process(index);
    const { epoch } = this.#create(index);
    let seq: number | undefined;
    if (process.call?.to === 'fence') {
      const { answer } = process.call;
      seq = SEQ;
      await this.#proceed(index, () => answer(SEQ));
    }
    const look = process.call;
    if (look?.to !== 'highest') throw new Error('no look into the store behind a fence');
    expect(look.seq).toBe(seq);
    if (this.state.deleted) return this.#proceed(index, () => look.answer(undefined));
    const lost = counterWasLost(this.#model, this.state, epoch);
    const there = this.state.redis.counter !== NONE;
    await this.#proceed(index, () => look.answer({ number: highestRow(this.state) }));
    const { call } = process;
    if (!lost || call?.to !== 'seed') return;
    if (there) return this.#proceed(index, () => call.answer());
    this.#change(index, { suspect: Math.max(this.state.suspect, call.epoch) });
    await this.#proceed(index, () => call.reject(new Unavailable('numbers', 'The counter was lost.')));
  }

  async #seed(index: number, call: CallTo<'seed'>): Promise<void> {
    this.#change(index, seed(this.#model, this.state, call.number, call.epoch) ?? {});
    await this.#proceed(index, () => call.answer());
  }

  async #ask(index: number, call: CallTo<'keyedCreate'>): Promise<void> {
    const event = keyedRow(this.#model, this.state);
    this.#events[index] = event;
    const stored = event === NONE ? undefined : { first: eventOf(this.state, event).number };
    await this.#proceed(index, () => call.answer(stored));
  }

  async #publish(index: number, call: CallTo<'publish'>): Promise<void> {
    this.#change(index, published(this.#model, this.state, this.#eventOf(call)));
    await this.#proceed(index, () => call.answer());
  }

  /**
   * The confirm comes, but after two seconds. That is worse than no confirm: only the time tells it from a good one.
   */
  async #giveUp(index: number, call: CallTo<'publish'>): Promise<void> {
    if (this.#model.rules.acknowledgesInTime) {
      this.#process(index).passTime();
      this.#change(index, withStray(this.state, this.#eventOf(call)));
      return this.#proceed(index, () => call.answer());
    }
    this.#late[index] = true;
    this.#change(index, {});
  }

  /**
   * If no epoch is open, the draw is refused. Else Redis ignores what the store said about the key in another epoch.
   */
  async #forget(index: number, call: CallTo<'draw'>): Promise<void> {
    if (!this.#passes) return this.#proceed(index, () => call.reject(new Unavailable('numbers', 'No epoch is open.')));
    this.#forgot[index] = true;
    this.#change(index, {});
  }

  get #passes(): boolean {
    return drawPasses(this.#model, this.state);
  }

  async #proceed(index: number, answer: () => void): Promise<void> {
    const end = await this.#process(index).proceed(answer);
    if (end === undefined) this.#change(index, {});
    else this.#end(index, end);
  }

  #end(index: number, end: End): void {
    if (typeof end === 'object' && 'error' in end) throw end.error;
    const { at, begun } = this.#create(index);
    this.#keep(index, end === 'again' ? { at, ...IDLE, begun } : { at: at + 1, ...NEXT });
    if (end === 'again') this.askedAgain += 1;
    if (typeof end === 'object') {
      this.state = { ...this.state, acknowledgedGone: begun === 'after' };
      this.#acknowledged(this.#events[index] ?? NONE, end.first);
    }
    // Else the class would remember that there is no such chat, or that nothing fits, and refuse the next create itself.
    if (end === 'not found' || end === 'limited') this.#process(index).passTime();
    this.#late[index] = false;
    this.#forgot[index] = false;
    this.#begin(index);
    this.#change(index, {});
  }

  #acknowledged(event: number, first: number): void {
    expect(first).toBe(eventOf(this.state, event).number);
    this.state = { ...this.state, events: withEvent(this.state, event, { acknowledged: true }) };
  }

  #confirmed(eventId: string): void {
    this.state = { ...this.state, ...withNote(this.state, Number(eventId)) };
  }

  /** The index of the published event. Fails if the event is not as it was drawn. */
  #eventOf({ event }: CallTo<'publish'>): number {
    const index = Number(event.id);
    const { number, epoch, keyed } = eventOf(this.state, index);
    expect(event).toMatchObject({ type: 'messages', first: number, epoch });
    expect(event.key !== undefined).toBe(keyed);
    return index;
  }

  #begin(index: number): void {
    const create = this.#model.scope.creates[index]?.[this.#create(index).at];
    if (create !== undefined) this.#process(index).begin(create === 'keyed');
  }

  /** Changes the model's state, and records what the process waits for now. */
  #change(index: number, change: Partial<State>): void {
    const state = { ...this.state, ...change };
    const create = this.#phase(index, state);
    const waited = create.phase === 'drawn' ? {} : withoutDraw(state, index);
    this.state = { ...state, ...waited };
    this.#keep(index, { ...this.#create(index), ...create });
  }

  #keep(index: number, create: Create): void {
    this.state = { ...this.state, creates: this.state.creates.with(index, create) };
  }

  #phase(index: number, state: State): Omit<Create, 'at' | 'begun'> {
    const { call } = this.#process(index);
    const before = this.#create(index);
    if (call === undefined) return before;
    if (call.to === 'draw') {
      if (call.keyAbsentIn === undefined || this.#forgot[index]) return IDLE;
      return { ...IDLE, phase: 'asked', epoch: call.keyAbsentIn };
    }
    if (call.to === 'seed') return { ...before, phase: 'looked', epoch: call.epoch, value: call.number };
    if (call.to === 'publish') {
      return { ...IDLE, phase: this.#late[index] ? 'late' : 'drawn', value: Number(call.event.id) };
    }
    const { n } = state.redis;
    if (call.to === 'keyedCreate') return before.phase === 'asking' ? before : { ...IDLE, phase: 'asking', epoch: n };
    if (before.phase === 'fencing') return before;
    const value = call.to === 'fence' ? aheadOfFence(this.#model, state) : 0;
    return { phase: 'fencing', epoch: n, value, asked: before.phase === 'asked' };
  }

  #process(index: number): Process {
    const process = this.#processes[index];
    if (process === undefined) throw new RangeError(`there is no process ${index}`);
    return process;
  }

  #create(index: number): Create {
    const create = this.state.creates[index];
    if (create === undefined) throw new RangeError(`there is no process ${index}`);
    return create;
  }
}
