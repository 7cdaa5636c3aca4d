import { isStored, type Model, rowOf, type State } from './state.ts';

/** Which promise a state breaks; undefined if none. */
export function violation(state: State): string | undefined {
  return numberTaken(state) ?? notKept(state) ?? keyTwice(state) ?? notGone(state) ?? notRepeated(state);
}

function numberTaken({ events }: State): string | undefined {
  const acknowledged = events.filter((event) => event.acknowledged).map(({ number }) => number);
  const twice = acknowledged.find((number, index) => acknowledged.indexOf(number) !== index);
  return twice === undefined ? undefined : `number ${twice} is acknowledged twice`;
}

/**
 * Which event is lost or collides, or undefined. An acknowledged event must be stored, or in the queue with nothing
 * that prevents its storing.
 */
function notKept(state: State): string | undefined {
  for (const [event, { acknowledged, rejected, number, epoch }] of state.events.entries()) {
    if (rejected === 'collision') return `event ${event} collides`;
    if (!acknowledged || state.deleted) continue;
    if (rejected !== '') return `event ${event} is acknowledged and rejected: ${rejected}`;
    if (isStored(state, event)) continue;
    if (rowOf(state, number) >= 0) return `event ${event} is acknowledged, but its number is another's`;
    if (epoch < state.oldest) return `event ${event} is acknowledged and not stored, but 'oldest' has passed it`;
    if (!state.queue.includes(event)) return `event ${event} is acknowledged, but neither stored nor in the queue`;
  }
  return undefined;
}

function keyTwice(state: State): string | undefined {
  const keyed = state.events.flatMap((event, index) => (event.keyed ? [{ ...event, index }] : []));
  if (keyed.filter(({ index }) => isStored(state, index)).length > 1) return 'a key is stored twice';
  // In a chat that is being deleted the key may be free already, and the chat not yet gone: both answers are void.
  if (!state.deleted && keyed.filter(({ acknowledged }) => acknowledged).length > 1) return 'a key has two answers';
  return undefined;
}

/** What remains or comes back of what was deleted; undefined if nothing. */
function notGone({ acknowledgedGone, purged, rows }: State): string | undefined {
  if (acknowledgedGone) return 'a create is acknowledged that began after the delete was answered';
  return purged && rows.some((event) => event >= 0) ? 'a row is stored after the rows were removed' : undefined;
}

function notRepeated({ repeatRefused }: State): string | undefined {
  return repeatRefused ? 'a create that was acknowledged is repeated, and refused by the limit' : undefined;
}

/** What is wrong with a step, or undefined: a drawn number must be above all acknowledged ones. */
export function wentBack({ events }: State, before: State): string | undefined {
  const drawn = events[before.events.length];
  if (drawn === undefined) return undefined;
  const above = before.events.find(({ acknowledged, number }) => acknowledged && number >= drawn.number);
  return above && `number ${drawn.number} is drawn after ${above.number} was acknowledged`;
}

/** Whether a state without a next step is wrong: creates are left, although the scope allows another epoch. */
export function isStuck({ scope }: Model, state: State): boolean {
  const left = state.creates.some(({ at }, index) => at < (scope.creates[index]?.length ?? 0));
  return left && state.given < scope.epochs;
}
