import type { Rules } from './rules.ts';

/** Stands for a missing number or event. */
export const NONE = -1;
/** The value of the counter of a deleted chat. */
export const GONE = -2;

/** What a model is made of: who takes part, how much they do, and which accidents may happen. */
export interface Scope {
  /** True: the model begins without any epoch. False: with epoch 1 open, and its counter present. */
  readonly fresh: boolean;
  /** By process: the creates that it makes, one after the other. All keyed ones have the same idempotency key. */
  readonly creates: readonly (readonly ('plain' | 'keyed')[])[];
  readonly openers: number;
  /** The highest epoch that MySQL gives out. */
  readonly epochs: number;
  /** How often Redis may be emptied, or restarted with its data, with older data or empty. */
  readonly forgettings: number;
  /** How often a copy of Redis' data may be made. Redis may be restarted with the copy. */
  readonly copies: number;
  /**
   * Whether Redis may lose its counter, once: at any time, or only after an event that was drawn from it has reached
   * the queue, and while no process is about to create it.
   */
  readonly loss: 'never' | 'in-use' | 'any-time';
  /** How often a worker may be frozen with unacked deliveries. */
  readonly freezes: number;
  /** What is deleted, once, at any time: the chat or its application. */
  readonly deletes?: 'chat' | 'application';
  /** How often Redis may answer that the application's limit of messages is reached. */
  readonly limits?: number;
}

export interface Model {
  readonly scope: Scope;
  readonly rules: Rules;
}

/** One partition's data in Redis, for one sequence (the numbers of one chat) and one idempotency key. */
export interface Redis {
  readonly run: number;
  /** `n`: the epoch, 0 if there is none. `claimedIn`: the run (since a restart) in which it was claimed. */
  readonly n: number;
  readonly claimedIn: number;
  readonly open: boolean;
  /** The last number given out in epoch `n`, NONE, or GONE. Counters of older epochs are never read, so they are left out. */
  readonly counter: number;
  /** The event that Redis has for the idempotency key, or NONE. */
  readonly key: number;
  readonly confirmed: boolean;
  /** Whether Redis knows that the application was deleted. */
  readonly gone: boolean;
}

/** An event with one message; elsewhere it is named by its index in `State.events`. */
export interface Event {
  readonly number: number;
  readonly epoch: number;
  readonly keyed: boolean;
  readonly acknowledged: boolean;
  readonly rejected: '' | 'late' | 'collision';
}

/**
 * Where a process is in create number `at`:
 * - idle: it draws a number next.
 * - fencing: there is no counter in `epoch`; `value` items are before its fence in the queue.
 * - looked: `value` is the highest stored number; it creates the counter next.
 * - asking: it asks the store about its key in `epoch`.
 * - asked: in `epoch` the store did not have the key.
 * - drawn: it publishes and acknowledges event `value` next, unless the two seconds are over.
 * - late: the two seconds are over. Only without `acknowledgesInTime`; else the event of the refused create is a stray.
 */
export interface Create {
  readonly at: number;
  readonly phase: 'idle' | 'fencing' | 'looked' | 'asking' | 'asked' | 'drawn' | 'late';
  readonly epoch: number;
  readonly value: number;
  /** While fencing or looked: whether the store was asked about the key before. */
  readonly asked: boolean;
  /** Whether it has drawn, or tried to: before the delete was answered, or after. `no` if nothing is deleted. */
  readonly begun: 'no' | 'before' | 'after';
}

/**
 * Where the process that deletes is: its mark is in the store; Redis knows it; its fence is in the queue, behind `ahead`
 * items; it has answered 204. `retired` comes before `marked` only without `marksFirst`.
 */
export interface Deleter {
  readonly phase: 'none' | 'marked' | 'retired' | 'fencing' | 'done';
  readonly ahead: number;
}

/**
 * An opener of epoch `n`. `olderDraws`: a bit for each process that may still acknowledge a draw from before the wait.
 */
export interface Opener {
  readonly phase: 'none' | 'taken' | 'waiting' | 'fencing' | 'fenced';
  readonly n: number;
  readonly run: number;
  readonly olderDraws: number;
}

export interface State {
  readonly redis: Redis;
  readonly copy: Redis | undefined;
  /**
   * MySQL: the highest epoch given out (`given`), the oldest that is still stored, events by number, the key's event.
   */
  readonly given: number;
  readonly oldest: number;
  readonly rows: readonly number[];
  readonly keyRow: number;
  /** Whether the store has the mark that the chat or its application was deleted, and whether its rows were removed. */
  readonly deleted: boolean;
  readonly purged: boolean;
  /** RabbitMQ's queue: events, and fence n as -n. */
  readonly queue: readonly number[];
  /** Events whose create was refused: they may reach the queue at any time, or never. */
  readonly strays: readonly number[];
  /** The frozen worker's unacked deliveries (`hand`), and the `oldest` that it remembers. */
  readonly hand: readonly number[];
  readonly handOldest: number;
  /** The `oldest` that the active worker remembers. */
  readonly knownOldest: number;
  readonly events: readonly Event[];
  readonly creates: readonly Create[];
  readonly openers: readonly Opener[];
  readonly deleter: Deleter;
  /** Whether a create was acknowledged that began after the delete was answered. */
  readonly acknowledgedGone: boolean;
  /**
   * Whether the worker, or the frozen one, has found the chat alive for the event that it stores next. Only without
   * `comparesDeletes`: else its transaction finds out whether that is still so.
   */
  readonly sawAlive: boolean;
  readonly handSawAlive: boolean;
  /** Acknowledged events whose keys Redis is still to note as confirmed. */
  readonly notes: readonly number[];
  /** The last epoch in which a counter was found to be lost: a higher one must be opened. */
  readonly suspect: number;
  readonly forgettings: number;
  readonly copies: number;
  readonly lost: boolean;
  readonly freezes: number;
  /** How often Redis may still answer that the limit is reached. */
  readonly limits: number;
  /** Whether a create was refused by the limit that only repeats one that was acknowledged. */
  readonly repeatRefused: boolean;
}

export interface Step {
  readonly what: string;
  readonly next: State;
  /** The creating process that takes the step, if one does. */
  readonly by?: { readonly process: number; readonly act: Act };
}

/**
 * What a creating process does in a step. A call returns: a draw, a fence and then the highest number, a seed, a
 * question about its key, a publish. `limit`: a draw is answered that the limit is reached. Or it forgets what the store
 * said about its key, or its two seconds are over.
 */
export type Act = 'draw' | 'limit' | 'look' | 'seed' | 'ask' | 'acknowledge' | 'forget' | 'give up';

export const IDLE: Omit<Create, 'at' | 'begun'> = { phase: 'idle', epoch: 0, value: 0, asked: false };
/** The process goes on to its next create. */
export const NEXT: Omit<Create, 'at'> = { ...IDLE, begun: 'no' };
export const NO_OPENER: Opener = { phase: 'none', n: 0, run: 0, olderDraws: 0 };
const EMPTY = { n: 0, claimedIn: 0, open: false, counter: NONE, key: NONE, confirmed: false, gone: false };

export function emptyRedis(run: number): Redis {
  return { run, ...EMPTY };
}

export function initialState({ fresh, creates, openers, forgettings, copies, freezes, limits = 0 }: Scope): State {
  return {
    redis: fresh ? emptyRedis(1) : { ...emptyRedis(1), n: 1, claimedIn: 1, open: true, counter: 0 },
    copy: undefined,
    given: fresh ? 0 : 1,
    oldest: 0,
    rows: [],
    keyRow: NONE,
    deleted: false,
    purged: false,
    deleter: { phase: 'none', ahead: 0 },
    acknowledgedGone: false,
    sawAlive: false,
    handSawAlive: false,
    queue: [],
    strays: [],
    hand: [],
    handOldest: 0,
    knownOldest: 0,
    events: [],
    creates: creates.map(() => ({ at: 0, ...NEXT })),
    openers: Array.from({ length: openers }, () => NO_OPENER),
    notes: [],
    suspect: 0,
    forgettings,
    copies,
    lost: false,
    freezes,
    limits,
    repeatRefused: false,
  };
}

/** Whether Redis gives out numbers: its epoch is open, and was claimed since the last restart. */
export function isOpen({ open, claimedIn, run }: Redis): boolean {
  return open && claimedIn === run;
}

/** The event that is stored under a number; NONE if there is none. */
export function rowOf(state: State, number: number): number {
  return state.rows[number] ?? NONE;
}

export function isStored(state: State, event: number): boolean {
  return state.rows.includes(event);
}

/** The highest stored number, 0 if there is none. */
export function highestRow({ rows }: State): number {
  return Math.max(0, rows.length - 1);
}

export function eventOf(state: State, event: number): Event {
  const found = state.events[event];
  if (found === undefined) throw new RangeError(`there is no event ${event}`);
  return found;
}

/** Whether a create begins before or after the delete was answered. */
export function begunOf({ scope }: Model, { deleter }: State, { begun }: Create): Create['begun'] {
  if (begun !== 'no' || scope.deletes === undefined) return begun;
  return deleter.phase === 'done' ? 'after' : 'before';
}

export function withEvent(state: State, event: number, change: Partial<Event>): readonly Event[] {
  return state.events.with(event, { ...eventOf(state, event), ...change });
}
