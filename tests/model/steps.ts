import { createSteps, noteSteps } from './creates.ts';
import { openingSteps } from './openings.ts';
import { frozenWorkerSteps, redisSteps, replaySteps, straySteps, workerSteps } from './servers.ts';
import type { Model, State, Step } from './state.ts';

const ALL = [createSteps, noteSteps, openingSteps, workerSteps, frozenWorkerSteps, straySteps, replaySteps, redisSteps];

/** Everything that can happen next. */
export function stepsOf(model: Model, state: State): Step[] {
  return ALL.flatMap((steps) => steps(model, state));
}
