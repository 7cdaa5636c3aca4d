import { encode } from './encode.ts';
import { isStuck, violation, wentBack } from './invariants.ts';
import { settle } from './settle.ts';
import { initialState, type Model, type State, type Step } from './state.ts';
import { stepsOf } from './steps.ts';

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** The number of steps from the first state to the farthest one. */
  readonly depth: number;
  /** Whether every reachable state was visited. */
  readonly complete: boolean;
  readonly violation?: { readonly what: string; readonly path: readonly Step[] };
}

/**
 * Visits every reachable state, nearest first, so that the path to a violation is a shortest one. States with the same
 * encoding count as one. Of each state only its parent and the step's number are kept; a path is replayed from them.
 */
export function explore(
  model: Model,
  { statesMax = Number.POSITIVE_INFINITY, reduced = true }: { statesMax?: number; reduced?: boolean } = {},
): Explored {
  const root = initialState(model.scope);
  const seen = new Set([encode(model, root)]);
  const parents = [-1];
  const ordinals = [-1];
  let frontier: { state: State; id: number }[] = [{ state: root, id: 0 }];
  let transitions = 0;
  let depth = 0;
  for (; frontier.length > 0 && parents.length < statesMax; depth++) {
    const following: typeof frontier = [];
    for (const { state, id } of frontier) {
      const steps = stepsOf(model, state);
      if (steps.length === 0 && isStuck(model, state)) {
        const path = replay(model, reduced, root, wayTo(id, parents, ordinals));
        const what = 'creates wait for ever';
        return { states: parents.length, transitions, depth, complete: false, violation: { what, path } };
      }
      for (const [ordinal, { next }] of steps.entries()) {
        transitions++;
        const reached = reduced ? settle(model, next) : next;
        const code = encode(model, reached);
        const backwards = wentBack(next, state);
        if (backwards === undefined && seen.has(code)) continue;
        seen.add(code);
        following.push({ state: reached, id: parents.length });
        parents.push(id);
        ordinals.push(ordinal);
        const wrong = backwards ?? violation(next);
        if (wrong === undefined) continue;
        const path = replay(model, reduced, root, wayTo(parents.length - 1, parents, ordinals));
        return { states: parents.length, transitions, depth, complete: false, violation: { what: wrong, path } };
      }
    }
    frontier = following;
  }
  return { states: parents.length, transitions, depth, complete: frontier.length === 0 };
}

function wayTo(id: number, parents: readonly number[], ordinals: readonly number[]): number[] {
  const way: number[] = [];
  for (let at = id; at > 0; at = parents[at] ?? 0) way.unshift(ordinals[at] ?? 0);
  return way;
}

function replay(model: Model, reduced: boolean, root: State, way: readonly number[]): Step[] {
  let state = root;
  return way.map((ordinal) => {
    const step = stepsOf(model, state)[ordinal];
    if (step === undefined) throw new Error('the steps from a state are not always the same');
    state = reduced ? settle(model, step.next) : step.next;
    return step;
  });
}
