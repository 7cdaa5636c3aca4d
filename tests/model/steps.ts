import { createSteps, noteSteps } from './creates.ts';
import { deleteSteps } from './deletes.ts';
import { openingSteps } from './openings.ts';
import { frozenWorkerSteps, redisSteps, replaySteps, straySteps, workerSteps } from './servers.ts';
import type { Model, State, Step } from './state.ts';

const OTHERS = [
  noteSteps,
  openingSteps,
  deleteSteps,
  workerSteps,
  frozenWorkerSteps,
  straySteps,
  replaySteps,
  redisSteps,
];

export function stepsOf(model: Model, state: State): Step[] {
  return [...createSteps(model, state), ...otherSteps(model, state)];
}

/** What can happen next, except for the steps of creating processes. */
export function otherSteps(model: Model, state: State): Step[] {
  return OTHERS.flatMap((steps) => steps(model, state));
}
