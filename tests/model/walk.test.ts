/** Walks at random through scopes that have too many states to visit all. */
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import fc from 'fast-check';
import { violation, wentBack } from './invariants.ts';
import { PROTOCOL, type Rules, without } from './rules.ts';
import { LARGE, LARGE_DELETED } from './scopes.ts';
import { initialState, type Scope } from './state.ts';
import { stepsOf } from './steps.ts';

setDefaultTimeout(60_000);

const STEPS_MAX = 200;
const RUNS = 1_500;

/** Takes one of the possible steps for each of `choices`. Returns what went wrong and the steps to it, or undefined. */
function walk(scope: Scope, rules: Rules, choices: readonly number[]): string | undefined {
  const model = { scope, rules };
  const trace: string[] = [];
  let state = initialState(scope);
  for (const choice of choices) {
    const steps = stepsOf(model, state);
    const step = steps[choice % steps.length];
    if (step === undefined) return undefined;
    trace.push(step.what);
    const wrong = wentBack(step.next, state) ?? violation(step.next);
    if (wrong !== undefined) return [wrong, ...trace].join('\n  ');
    state = step.next;
  }
  return undefined;
}

const choices = fc.array(fc.nat(), { minLength: STEPS_MAX / 2, maxLength: STEPS_MAX });

test('three processes, twelve creates, ten accidents: nothing goes wrong on long random walks', () => {
  fc.assert(
    fc.property(choices, (picked) => expect(walk(LARGE, PROTOCOL, picked)).toBeUndefined()),
    { numRuns: RUNS },
  );
});

test('nor if the chat is deleted on the way', () => {
  fc.assert(
    fc.property(choices, (picked) => expect(walk(LARGE_DELETED, PROTOCOL, picked)).toBeUndefined()),
    { numRuns: RUNS },
  );
});

describe('the walks are long enough to find violations', () => {
  for (const [part, scope] of [
    ['abandonsOvertaken', LARGE],
    ['goneBeforeKey', LARGE_DELETED],
    ['comparesDeletes', LARGE_DELETED],
  ] as const) {
    test(`without \`${part}\` they find one`, () => {
      const found = fc.check(
        fc.property(choices, (picked) => walk(scope, without(part), picked) === undefined),
        { numRuns: RUNS, endOnFailure: true },
      );
      expect(found.failed).toBeTrue();
    });
  }
});
