import {
  emptyRedis,
  eventOf,
  isOpen,
  isStored,
  type Model,
  NONE,
  type Redis,
  rowOf,
  type Scope,
  type State,
  type Step,
  withEvent,
} from './state.ts';

const HAND_MAX = 2;

/** The worker takes the first item of the queue: it stores an event, or answers a fence (a marker between events). */
export function workerSteps(model: Model, state: State): Step[] {
  const [item] = state.queue;
  if (item === undefined) return [];
  const { what, next } = handled(
    model,
    state,
    item,
    model.rules.oldestInTransaction ? state.oldest : state.knownOldest,
    state.sawAlive,
  );
  if (looksFirst(model, state, item, state.sawAlive)) {
    return [{ what: `worker: finds the chat of event ${item} alive`, next: { ...state, sawAlive: true } }];
  }
  const creates = next.creates.map((create) =>
    create.phase === 'fencing' && create.value > 0 ? { ...create, value: create.value - 1 } : create,
  );
  const deleter = { ...next.deleter, ahead: Math.max(0, next.deleter.ahead - 1) };
  const knownOldest = Math.max(state.knownOldest, -item);
  const queue = state.queue.slice(1);
  return [{ what: `worker: ${what}`, next: { ...next, creates, deleter, queue, knownOldest, sawAlive: false } }];
}

/** A worker is frozen with unacked deliveries (`hand`) while another takes over. Later it goes on with them. */
export function frozenWorkerSteps(model: Model, state: State): Step[] {
  const steps: Step[] = [];
  if (state.freezes > 0 && state.hand.length === 0) {
    for (let taken = 1; taken <= Math.min(HAND_MAX, state.queue.length); taken++) {
      const hand = state.queue.slice(0, taken);
      // The worker that takes over may have been idle since the beginning, and have met no fence.
      const worker = { handOldest: state.knownOldest, knownOldest: 0, handSawAlive: state.sawAlive, sawAlive: false };
      const next = { ...state, hand, ...worker, freezes: state.freezes - 1 };
      steps.push({ what: `a worker is frozen with ${hand.map(nameOf).join(', ')} unacked; another takes over`, next });
    }
  }
  const [item] = state.hand;
  if (item === undefined) return steps;
  const known = model.rules.oldestInTransaction ? state.oldest : state.handOldest;
  if (looksFirst(model, state, item, state.handSawAlive)) {
    steps.push({
      what: `frozen worker: finds the chat of event ${item} alive`,
      next: { ...state, handSawAlive: true },
    });
    return steps;
  }
  const { what, next } = handled(model, state, item, known, state.handSawAlive);
  const after = { hand: state.hand.slice(1), handOldest: Math.max(state.handOldest, -item), handSawAlive: false };
  steps.push({ what: `frozen worker: ${what}`, next: { ...next, ...after } });
  return steps;
}

/** A stray event, whose create was refused, reaches the queue. */
export function straySteps(_: Model, state: State): Step[] {
  return state.strays.flatMap((event, index) => {
    if (state.strays[index - 1] === event) return [];
    const next = { ...state, queue: [...state.queue, event], strays: state.strays.toSpliced(index, 1) };
    return [{ what: `event ${event} reaches the queue late`, next }];
  });
}

/** An operator publishes dead letters of a too old epoch again, and they are stored. */
export function replaySteps(model: Model, state: State): Step[] {
  if (model.rules.keepsLateLetters) return [];
  return state.events.flatMap(({ rejected }, event) => {
    if (rejected !== 'late') return [];
    const put = { ...state, events: withEvent(state, event, { rejected: '' as const }) };
    const { what, next } = stored(model, put, event, 0, false);
    return [{ what: `event ${event} is published again by an operator: the worker ${what}`, next }];
  });
}

/** The accidents of Redis: a restart with or without its data, an older copy, a lost counter. */
export function redisSteps({ scope }: Model, state: State): Step[] {
  const steps: Step[] = [];
  const { redis, copy } = state;
  if (state.copies > 0) {
    steps.push({ what: 'Redis is copied', next: { ...state, copy: redis, copies: state.copies - 1 } });
  }
  if (mayLoseCounter(scope, state)) {
    const next = { ...state, redis: { ...redis, counter: NONE }, lost: true };
    steps.push({ what: 'the counter is lost, alone', next });
  }
  if (state.forgettings === 0 || redis.n === 0) return steps;
  const run = redis.run + 1;
  const forget = (what: string, after: Redis) => {
    steps.push({ what, next: { ...state, redis: after, forgettings: state.forgettings - 1 } });
  };
  forget('Redis is restarted with its data', { ...redis, run });
  forget('Redis is restarted empty', emptyRedis(run));
  forget('Redis is emptied without a restart', emptyRedis(redis.run));
  if (copy !== undefined) forget('Redis is restarted with its older data', { ...copy, run });
  return steps;
}

function mayLoseCounter({ loss }: Scope, state: State): boolean {
  const { redis, lost, creates } = state;
  if (loss === 'never' || lost || !isOpen(redis) || redis.counter === NONE) return false;
  if (loss === 'any-time') return true;
  if (creates.some(({ phase }) => phase === 'fencing' || phase === 'looked')) return false;
  return [...state.queue, ...state.rows].some((item) => state.events[item]?.epoch === redis.n);
}

function handled(model: Model, state: State, item: number, oldest: number, sawAlive: boolean): Step {
  return item < 0 ? fenced(model, state, -item) : stored(model, state, item, oldest, sawAlive);
}

/** Whether a worker looks at the chat in a step of its own: if its transaction does not compare `deletes`. */
function looksFirst({ scope, rules }: Model, { deleted }: State, item: number, sawAlive: boolean): boolean {
  return scope.deletes !== undefined && !rules.comparesDeletes && item >= 0 && !sawAlive && !deleted;
}

function fenced({ rules }: Model, state: State, n: number): Step {
  const openers = state.openers.map((opener) =>
    opener.phase === 'fencing' && opener.n === n ? { ...opener, phase: 'fenced' as const } : opener,
  );
  const oldest = rules.fenceRaisesOldest ? Math.max(state.oldest, n) : state.oldest;
  return { what: `comes to fence ${n}`, next: { ...state, openers, oldest } };
}

/** The transaction that stores or rejects an event. */
function stored({ rules }: Model, state: State, event: number, oldest: number, sawAlive: boolean): Step {
  const { number, epoch, keyed } = eventOf(state, event);
  const known = isStored(state, event) && rules.knowsEventIds;
  const late = epoch < oldest;
  if (known && !(late && !rules.knownBeforeLate)) return { what: `knows event ${event}`, next: state };
  if (state.deleted && !sawAlive) return { what: `discards event ${event}: its chat was deleted`, next: state };
  if (late) return rejected(state, event, 'late');
  if (rowOf(state, number) !== NONE) return rejected(state, event, 'collision');
  const rows = Array.from({ length: Math.max(state.rows.length, number + 1) }, (_, at) => rowOf(state, at));
  rows[number] = event;
  const keyRow = keyed && state.keyRow === NONE ? event : state.keyRow;
  return { what: `stores event ${event} under number ${number}`, next: { ...state, rows, keyRow } };
}

function rejected(state: State, event: number, reason: 'late' | 'collision'): Step {
  const next = { ...state, events: withEvent(state, event, { rejected: reason }) };
  return { what: `rejects event ${event}: ${reason}`, next };
}

function nameOf(item: number): string {
  return item < 0 ? `fence ${-item}` : `event ${item}`;
}
