/** Walks at random through a scope that has too many states to visit all. */
import { expect, setDefaultTimeout, test } from 'bun:test';
import fc from 'fast-check';
import { violation, wentBack } from './invariants.ts';
import { PROTOCOL, type Rules, without } from './rules.ts';
import { LARGE } from './scopes.ts';
import { initialState } from './state.ts';
import { stepsOf } from './steps.ts';

setDefaultTimeout(60_000);

const STEPS_MAX = 200;
const RUNS = 1_500;

/** Takes one of the possible steps for each of `choices`. Returns what went wrong and the steps to it, or undefined. */
function walk(rules: Rules, choices: readonly number[]): string | undefined {
  const model = { scope: LARGE, rules };
  const trace: string[] = [];
  let state = initialState(LARGE);
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
    fc.property(choices, (picked) => expect(walk(PROTOCOL, picked)).toBeUndefined()),
    { numRuns: RUNS },
  );
});

test('the walks are long enough to find violations: without `abandonsOvertaken` they find one', () => {
  const found = fc.check(
    fc.property(choices, (picked) => walk(without('abandonsOvertaken'), picked) === undefined),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(found.failed).toBeTrue();
});
