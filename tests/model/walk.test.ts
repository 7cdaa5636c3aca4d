/** Scopes that are too large to go through, at random. */
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

/** Takes the steps that `choices` picks among those that are possible; answers what went wrong, and how it came to it. */
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

test('three processes, twelve creates, ten accidents: nothing goes wrong on long ways through them', () => {
  fc.assert(
    fc.property(choices, (picked) => expect(walk(PROTOCOL, picked)).toBeUndefined()),
    { numRuns: RUNS },
  );
});

test('such ways are long enough to find what is wrong: where nobody looks for who overtook, they do', () => {
  const found = fc.check(
    fc.property(choices, (picked) => walk(without('abandonsOvertaken'), picked) === undefined),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(found.failed).toBeTrue();
});
