/** Finds in a run what a message costs in the whole system: created, stored and indexed. */
import type { Measurement } from './result.ts';

/** The name of the measurement that has all raw stages together, in the scenario `whole`. */
export const RAW_STAGES = 'CPU for one message, the raw stages together';

/** Returns the measurement that has each program's CPU for one message, in its samples. */
export const wholeCost = (measurements: readonly Measurement[], connections = 256): Measurement | undefined =>
  measurements.find(
    ({ scenario, at, samples }) => scenario === 'whole' && at?.connections === connections && samples.length > 0,
  );

/** Returns the same of the raw stages together; undefined in the files of earlier versions. */
export const rawStagesCost = (measurements: readonly Measurement[]): Measurement | undefined =>
  measurements.find(({ scenario, name }) => scenario === 'whole' && name === RAW_STAGES);
