/**
 * What Redis and the store return to a creating process, and what that changes; each call is one step. The model's
 * processes (creates.ts) and the classes of libs/protocol (classes.ts) both use it.
 */
import { eventOf, GONE, highestRow, isOpen, isStored, type Model, NONE, rowOf, type State } from './state.ts';

export type Drawn =
  | { readonly status: 'drawn'; readonly event: number }
  | { readonly status: 'repeated'; readonly event: number; readonly confirmed: boolean }
  | { readonly status: 'gone' }
  | { readonly status: 'missing'; readonly epoch: number }
  | { readonly status: 'unsure'; readonly epoch: number };

interface Answered<Answer> {
  readonly answer: Answer;
  readonly change: Partial<State>;
}

export interface DrawAsked {
  readonly keyed: boolean;
  /** The epoch in which the store was asked and did not have the key. */
  readonly keyAbsentIn?: number | undefined;
}

/** Whether Redis gives out numbers: an epoch is open. Without some rules less is compared. */
export function drawPasses({ rules }: Model, { redis }: State): boolean {
  if (!rules.drawComparesEpoch) return redis.n > 0;
  return rules.drawComparesRun ? isOpen(redis) : redis.open;
}

export function draw(model: Model, state: State, asked: DrawAsked): Answered<Drawn> {
  const { redis } = state;
  const answered = refusal(model, state, asked);
  if (answered !== undefined) return { answer: answered, change: {} };
  const number = redis.counter + 1;
  const event = state.events.length;
  const key = asked.keyed ? { key: event, confirmed: false } : {};
  const drawn = { number, epoch: redis.n, keyed: asked.keyed, acknowledged: false, rejected: '' as const };
  const change = { redis: { ...redis, counter: number, ...key }, events: [...state.events, drawn] };
  return { answer: { status: 'drawn', event }, change };
}

/**
 * What it changes that Redis answers that the limit of messages is reached; undefined if it cannot answer so. The limit
 * comes last: nothing is drawn.
 */
export function limit(model: Model, state: State, asked: DrawAsked): Partial<State> | undefined {
  if (state.limits === 0) return undefined;
  const answered = refusal(model, state, asked);
  const repeats = answered?.status === 'repeated';
  if (answered !== undefined && (!repeats || model.rules.keyBeforeLimit)) return undefined;
  const acknowledged = repeats && eventOf(state, answered.event).acknowledged;
  return { limits: state.limits - 1, repeatRefused: state.repeatRefused || acknowledged };
}

/** What Redis returns instead of a new number: gone, unsure, missing or what it knows of the key, in this order. */
function refusal(model: Model, state: State, { keyed, keyAbsentIn }: DrawAsked): Drawn | undefined {
  const { counter, gone, n } = state.redis;
  const { goneBeforeKey, counterBeforeKey } = model.rules;
  const known = keyed ? knownKey(model, state, keyAbsentIn) : undefined;
  const isGone = gone || counter === GONE;
  if (isGone && (goneBeforeKey || known === undefined)) return { status: 'gone' };
  if (known !== undefined && (known.status === 'unsure' || !counterBeforeKey)) return known;
  if (counter === NONE) return { status: 'missing', epoch: n };
  return known;
}

/** What Redis returns for a known idempotency key; undefined if a new number can be drawn. */
function knownKey({ rules }: Model, state: State, keyAbsentIn: number | undefined): Drawn | undefined {
  const { n, key, confirmed } = state.redis;
  const absent = keyAbsentIn !== undefined && (keyAbsentIn === n || !rules.answerCountsInItsEpoch);
  if (key === NONE) return n > 1 && rules.asksAboutUnknownKeys && !absent ? { status: 'unsure', epoch: n } : undefined;
  if (confirmed || eventOf(state, key).epoch >= n) return { status: 'repeated', event: key, confirmed };
  if (absent) return undefined;
  return rules.asksAboutOlderKeys ? { status: 'unsure', epoch: n } : { status: 'repeated', event: key, confirmed };
}

/** The event that the store has for the idempotency key, or NONE. */
export function keyedRow({ rules }: Model, state: State): number {
  const event = rules.asksByKey ? state.keyRow : state.redis.key;
  if (state.deleted && rules.keyNeedsOwner) return NONE;
  return event !== NONE && isStored(state, event) ? event : NONE;
}

/** How many queued items the worker must handle before it answers a fence that is sent now. */
export function aheadOfFence({ rules }: Model, { queue }: State): number {
  return rules.looksBehindFence ? queue.length : 0;
}

/** Whether a missing counter must have been lost, because a row of the same epoch is stored. */
export function counterWasLost({ rules }: Model, state: State, epoch: number): boolean {
  const row = rowOf(state, highestRow(state));
  return row !== NONE && eventOf(state, row).epoch >= epoch && rules.lostCounterOpensEpoch;
}

/** What the creation of a counter changes in Redis; undefined if its epoch is over. */
export function seed(model: Model, state: State, number: number, epoch: number): Partial<State> | undefined {
  const { redis } = state;
  const { seedsNotedEpoch, seedsOnlyMissing } = model.rules;
  if (!drawPasses(model, state) || (seedsNotedEpoch && redis.n !== epoch)) return undefined;
  return { redis: { ...redis, counter: seedsOnlyMissing && redis.counter !== NONE ? redis.counter : number } };
}

/**
 * Puts an event where its process believes it published: in the queue. Without `confirmsFirst` it may never reach it.
 */
export function published({ rules }: Model, state: State, event: number): Partial<State> {
  return rules.confirmsFirst ? { queue: [...state.queue, event] } : withStray(state, event);
}

/** Adds a stray event: it may reach the queue at any time, or never. */
export function withStray({ strays }: State, event: number): Partial<State> {
  return { strays: [...strays, event].sort((one, other) => one - other) };
}

/** Adds a note that tells Redis later that the event of the key is confirmed. */
export function withNote({ notes }: State, event: number): Partial<State> {
  return { notes: [...notes, event].sort((one, other) => one - other) };
}

/** Notes that a process has no draw left to acknowledge, so no opener of an epoch waits for it. */
export function withoutDraw({ openers }: State, process: number): Partial<State> {
  const bit = 1 << process;
  if (openers.every(({ olderDraws }) => (olderDraws & bit) === 0)) return {};
  return { openers: openers.map((opener) => ({ ...opener, olderDraws: opener.olderDraws & ~bit })) };
}
