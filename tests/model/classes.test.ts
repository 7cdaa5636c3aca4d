/**
 * The classes of libs/protocol, which ingest runs, in the model's world. They take the same steps as the model's
 * processes, so what holds for the model holds for them. If the model breaks a promise without a part of the protocol,
 * the whole classes keep it in the same order of events.
 */
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import fc from 'fast-check';
import { World } from './classes.ts';
import { createSteps } from './creates.ts';
import { type Explored, explore } from './explore.ts';
import { violation, wentBack } from './invariants.ts';
import { NEEDED, type Needed } from './needed.ts';
import { told } from './report.ts';
import { PROTOCOL, type Rules } from './rules.ts';
import { LARGE, LARGE_DELETED, SCOPES } from './scopes.ts';
import { IDLE, isStored, type Model, type State, type Step } from './state.ts';
import { otherSteps, stepsOf } from './steps.ts';

setDefaultTimeout(60_000);

const STEPS_MAX = 200;
const SETTLING_STEPS_MAX = 200;

/** Which promise the step from `before` to `next` breaks, or undefined. */
function wrong(next: State, before: State): string | undefined {
  return wentBack(next, before) ?? violation(next);
}

/** Takes the possible steps of a path. Returns the first broken promise and its step, or undefined. */
async function take(world: World, path: readonly Step[]): Promise<string | undefined> {
  for (const [index, step] of path.entries()) {
    const before = world.state;
    await world.take(step);
    const found = wrong(world.state, before);
    if (found !== undefined) return `${found} (step ${index + 1} of ${path.length})`;
  }
  return undefined;
}

/** Takes steps without further accidents until none is left. Returns the broken promise, or undefined. */
async function settleDown(model: Model, world: World): Promise<string | undefined> {
  const calm = { ...model, scope: { ...model.scope, loss: 'never' as const } };
  for (let count = 0; count < SETTLING_STEPS_MAX; count++) {
    const state = { ...world.state, forgettings: 0, copies: 0, freezes: 0 };
    const steps = [...otherSteps(calm, state), ...createSteps(calm, state)];
    const step = steps.find(({ by }) => by?.act !== 'give up');
    if (step === undefined) return undefined;
    const found = await take(world, [step]);
    if (found !== undefined) return found;
  }
  return 'it does not come to an end';
}

describe('the classes do what the processes of the model do', () => {
  const choices = fc.array(fc.nat(), { minLength: STEPS_MAX / 2, maxLength: STEPS_MAX });

  for (const [name, scope] of Object.entries({
    ...SCOPES,
    'a large one': LARGE,
    'a large one, deleted': LARGE_DELETED,
  })) {
    test(`in this scope: ${name}`, async () => {
      const model = { scope, rules: PROTOCOL };
      await fc.assert(
        fc.asyncProperty(choices, async (picked) => {
          const world = new World(model);
          for (const choice of picked) {
            const before = world.state;
            const { askedAgain } = world;
            const steps = stepsOf(model, before);
            const step = steps[choice % steps.length];
            if (step === undefined) return;
            expect([step.what, await world.take(step)]).toEqual([step.what, true]);
            expect([step.what, world.state]).toEqual([step.what, expected(step, world, askedAgain)]);
            expect(wrong(world.state, before)).toBeUndefined();
          }
        }),
        { numRuns: 60 },
      );
    });
  }

  /** The model's state after a step. But if the class gave up after some draws, its create begins anew. */
  function expected({ next, by }: Step, world: World, askedAgain: number): State {
    if (by === undefined || world.askedAgain === askedAgain) return next;
    const create = next.creates[by.process]!;
    return { ...next, creates: next.creates.with(by.process, { at: create.at, ...IDLE, begun: create.begun }) };
  }
});

describe('where the model goes wrong without', () => {
  for (const [part, [name, expected]] of Object.entries(NEEDED) as [Needed, (typeof NEEDED)[Needed]][]) {
    const scope = SCOPES[name];
    const whole: Model = { scope, rules: PROTOCOL };
    const rules: Rules = { ...PROTOCOL, [part]: false };
    /** Explored without settle.ts, which changes states: the classes must be able to take each step. */
    let explored: Explored | undefined;
    const found = () => {
      explored ??= explore({ scope, rules }, { reduced: false });
      return explored;
    };

    test(`${part}, the classes keep the promise in the same order of events`, async () => {
      const { path = [] } = found().violation ?? {};
      expect(path).not.toEqual([]);
      const world = new World(whole);
      expect(await take(world, path)).toBeUndefined();
      expect(await settleDown(whole, world)).toBeUndefined();
      const { events } = world.state;
      if (world.state.deleted) return;
      for (const [event, { acknowledged }] of events.entries())
        expect(acknowledged && !isStored(world.state, event)).toBe(false);
    });

    test(`${part}, the classes go wrong too if their ports leave it out`, async () => {
      const lost = found();
      const seen = await take(new World({ scope, rules }), lost.violation?.path ?? []);
      expect([told(lost), seen]).toEqual([told(lost), expect.stringMatching(expected)]);
    });
  }
});
