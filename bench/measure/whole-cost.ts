/** Finds in a run what a message costs in the whole system: created, stored and indexed. */
import type { Measurement } from './result.ts';

/** The name of the measurement that has all raw stages together, in the scenario `whole`. */
export const RAW_STAGES = 'CPU for one message, the raw stages together';

/** The name of a measurement of the scenario `whole`, whose samples have the CPU of each program. */
export const wholeName = (connections: number): string =>
  `CPU for one message, all programs, ${connections} connections`;

/** Returns a measurement of the scenario `whole` that has samples. */
export const wholeCost = (measurements: readonly Measurement[], name = wholeName(256)): Measurement | undefined =>
  measurements.find((each) => each.scenario === 'whole' && each.name === name && each.samples.length > 0);
