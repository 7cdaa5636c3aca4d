import { type Create, type Model, NONE, type Opener, type Redis, type State } from './state.ts';

const CREATE_PHASES = { idle: 0, fencing: 1, looked: 2, asking: 3, asked: 4, drawn: 5, late: 6 };
const OPENER_PHASES = { none: 0, taken: 1, waiting: 2, fencing: 3, fenced: 4 };
const DELETER_PHASES = { none: 0, marked: 1, retired: 2, fencing: 3, done: 4 };
const BEGUN = { no: 0, before: 1, after: 2 };
const REJECTED = { '': 0, late: 1, collision: 2 };
/** Added to codes, so that NONE (-1) and fences (-n) are not negative. */
const OFFSET = 100;

/**
 * A text that is the same for two states if the same can follow from both. So of a run of Redis (since a restart) it
 * only says whether it is the present one. Events that cannot have an effect any more are left out; the others are
 * renamed in the order of their numbers. Processes with the same creates are sorted.
 */
export function encode(model: Model, state: State): string {
  const { creates } = model.scope;
  const names = nameEvents(model, state);
  const nameOf = (item: number) => OFFSET + (item < 0 ? item : (names[item] ?? 0));
  const codes: number[] = [state.given, state.oldest, nameOf(state.keyRow), state.suspect];
  codes.push(state.forgettings, state.copies, state.lost ? 1 : 0, state.freezes);
  if (model.scope.deletes !== undefined) addDelete(codes, state);
  if (model.scope.limits !== undefined) codes.push(state.limits, state.repeatRefused ? 1 : 0);
  // What workers remember of `oldest` matters only if they do not read it in the transaction.
  if (!model.rules.oldestInTransaction) codes.push(state.handOldest, state.knownOldest);
  addRedis(codes, model, state.redis, nameOf);
  if (state.copy === undefined) codes.push(0);
  else addRedis(codes, model, { ...state.copy, run: NONE }, nameOf);
  for (const list of [state.rows, state.queue, state.strays, state.hand, state.notes]) {
    codes.push(list.length);
    for (const item of list) codes.push(nameOf(item));
  }
  addEvents(codes, state, names);
  const swapped = areAlike(creates) && isBefore(state.creates[1], state.creates[0], nameOf);
  for (const create of swapped ? state.creates.toReversed() : state.creates) addCreate(codes, create, nameOf);
  const openers = state.openers.map((opener) => codeOfOpener(opener, state.redis.run, swapped));
  openers.sort((one, other) => one - other);
  codes.push(...openers);
  return String.fromCharCode(...codes);
}

function addDelete(codes: number[], state: State): void {
  const { deleter, deleted, purged, acknowledgedGone, sawAlive, handSawAlive } = state;
  const flags = [deleted, purged, acknowledgedGone, sawAlive, handSawAlive];
  codes.push(DELETER_PHASES[deleter.phase], deleter.ahead, ...flags.map(Number));
}

/** The new names of events, by index; undefined for an event that is nowhere any more and was never acknowledged. */
function nameEvents({ rules }: Model, state: State): (number | undefined)[] {
  const { events } = state;
  const order = events.map((_, index) => index).filter((index) => !rules.keepsLateLetters || isAround(state, index));
  order.sort((one, other) => {
    const [a, b] = [events[one], events[other]];
    if (a === undefined || b === undefined || !rules.epochsGivenOnce) return one - other;
    return a.number - b.number || a.epoch - b.epoch || one - other;
  });
  const names: (number | undefined)[] = Array(events.length).fill(undefined);
  for (const [name, index] of order.entries()) names[index] = name;
  return names;
}

function isAround(state: State, event: number): boolean {
  return (
    state.events[event]?.acknowledged === true ||
    state.rows.includes(event) ||
    state.queue.includes(event) ||
    state.strays.includes(event) ||
    state.hand.includes(event) ||
    state.redis.key === event ||
    state.copy?.key === event ||
    state.creates.some(({ phase, value }) => (phase === 'drawn' || phase === 'late') && value === event)
  );
}

function addEvents(codes: number[], state: State, names: readonly (number | undefined)[]): void {
  const start = codes.length;
  for (const [index, { number, epoch, keyed, acknowledged, rejected }] of state.events.entries()) {
    const name = names[index];
    if (name === undefined) continue;
    codes[start + name * 2] = number * 16 + epoch;
    codes[start + name * 2 + 1] = (keyed ? 1 : 0) + (acknowledged ? 2 : 0) + REJECTED[rejected] * 4;
  }
  codes.push(OFFSET);
}

/** Whether two processes have the same creates: two states that differ only by swapping them count as one. */
function areAlike(creates: Model['scope']['creates']): boolean {
  return creates.length === 2 && creates[0]?.join() === creates[1]?.join();
}

type NameOf = (item: number) => number;

function isBefore(one: Create | undefined, other: Create | undefined, nameOf: NameOf): boolean {
  if (one === undefined || other === undefined) return false;
  return codeOfCreate(one, nameOf) < codeOfCreate(other, nameOf);
}

function addCreate(codes: number[], create: Create, nameOf: NameOf): void {
  const code = codeOfCreate(create, nameOf);
  codes.push(code >> 16, code & 0xffff);
}

function codeOfCreate({ at, phase, epoch, value, asked, begun }: Create, nameOf: NameOf): number {
  const code = phase === 'drawn' || phase === 'late' ? nameOf(value) : value;
  const flags = (BEGUN[begun] << 24) | ((asked ? 1 : 0) << 19);
  return flags | (at << 20) | (CREATE_PHASES[phase] << 16) | (epoch << 8) | code;
}

function codeOfOpener({ phase, n, run, olderDraws }: Opener, present: number, swapped: boolean): number {
  const draws = swapped ? ((olderDraws & 1) << 1) | (olderDraws >> 1) : olderDraws;
  return (OPENER_PHASES[phase] << 12) | (n << 8) | ((run === present ? 1 : 0) << 7) | draws;
}

function addRedis(codes: number[], model: Model, redis: Redis, nameOf: NameOf): void {
  const { rules } = model;
  const present = redis.claimedIn === redis.run;
  // The counter of an epoch that cannot be open any more gives no number, so it does not matter.
  const counts = present || !rules.drawComparesEpoch || !rules.drawComparesRun || !rules.opensOwnClaimOnly;
  const flags = (redis.open && counts ? 1 : 0) + (redis.confirmed ? 2 : 0) + (present ? 4 : 0) + (redis.gone ? 8 : 0);
  codes.push(1 + redis.n, flags, counts ? redis.counter + OFFSET : 0, nameOf(redis.key));
}
