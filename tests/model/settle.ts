import type { Rules } from './rules.ts';
import {
  type Create,
  eventOf,
  IDLE,
  isOpen,
  isStored,
  type Model,
  NO_OPENER,
  type Opener,
  type Scope,
  type State,
} from './state.ts';

/**
 * Removes from a state what can only fail from here on, without a trace: processes and openers that will find their
 * epoch over, and stray events that will change nothing. The state space becomes several times smaller and keeps its
 * violations. Removes only what fails under the given rules. A test visits a small scope with and without this.
 */
export function settle({ rules, scope }: Model, state: State): State {
  const creates = mapChanged(state.creates, (create) => (isOver(rules, state, create) ? idle(create) : create));
  const openers = mapChanged(state.openers, (opener) => (hasFailed(rules, state, opener) ? NO_OPENER : opener));
  const strays = state.strays.some((event) => isVoid(rules, scope, state, event))
    ? state.strays.filter((event) => !isVoid(rules, scope, state, event))
    : state.strays;
  if (creates === state.creates && openers === state.openers && strays === state.strays) return state;
  return { ...state, creates, openers, strays };
}

/** Whether the epoch for which a create waits is over: an epoch never opens again. */
function isOver(rules: Rules, { redis }: State, { phase, epoch }: Create): boolean {
  if (!rules.drawComparesEpoch || !rules.drawComparesRun || !rules.epochsGivenOnce || !rules.opensOwnClaimOnly)
    return false;
  if (!rules.abandonsOvertaken || !rules.claimsBeforeWaiting || !rules.claimsOnlyUpwards) return false;
  if (isOpen(redis) && redis.n === epoch) return false;
  if (phase === 'asked') return rules.answerCountsInItsEpoch;
  return (phase === 'fencing' || phase === 'looked') && rules.seedsNotedEpoch;
}

function idle({ at, begun }: Create): Create {
  return { at, ...IDLE, begun };
}

function hasFailed(rules: Rules, { redis, given }: State, { phase, n, run }: Opener): boolean {
  if (phase === 'taken') return rules.claimsInRunOfLook && rules.claimsBeforeWaiting && run !== redis.run;
  if (phase === 'waiting') return rules.abandonsOvertaken && given !== n;
  if (phase !== 'fencing' && phase !== 'fenced') return false;
  return rules.opensOwnClaimOnly && rules.claimsBeforeWaiting && (redis.n !== n || redis.run !== run);
}

function isVoid(rules: Rules, { deletes }: Scope, state: State, event: number): boolean {
  const { acknowledged, epoch } = eventOf(state, event);
  if (!rules.keepsLateLetters || (deletes !== undefined && !rules.comparesDeletes)) return false;
  if (state.deleted) return true;
  if (isStored(state, event)) return rules.knowsEventIds && rules.knownBeforeLate;
  return !acknowledged && epoch < state.oldest && rules.oldestInTransaction;
}

function mapChanged<T>(list: readonly T[], change: (item: T) => T): readonly T[] {
  const changed = list.map(change);
  return changed.some((item, index) => item !== list[index]) ? changed : list;
}
