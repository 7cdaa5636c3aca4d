/** Finds in a run what a message costs in the whole system: created, stored and indexed. */
import type { Measurement } from './result.ts';
import type { Sample } from './sample.ts';

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

/** A raw stage. `programs`: those that do it, and which program does the same work in the whole system. */
interface Stage {
  readonly samples: readonly Sample[];
  readonly programs: Readonly<Record<string, string>>;
}

/**
 * Adds the stages' CPU for one message, in each round, under the names that the programs have in the whole system. What
 * other programs take meanwhile, which are idle, is left out.
 */
export function stagesTogether(stages: readonly Stage[]): Sample[] {
  const rounds = Math.min(...stages.map(({ samples }) => samples.length));
  return Array.from({ length: rounds }, (_, round) => {
    const ofRound = stages.flatMap(({ samples, programs }) => {
      const sample = samples[round];
      return sample === undefined ? [] : [{ sample, programs: Object.entries(programs) }];
    });
    const count = Math.min(...ofRound.map(({ sample }) => sample.count));
    const cpuSeconds: Record<string, number> = {};
    for (const { sample, programs } of ofRound) {
      for (const [program, name] of programs) {
        cpuSeconds[name] = (cpuSeconds[name] ?? 0) + ((sample.cpuSeconds[program] ?? 0) / sample.count) * count;
      }
    }
    return { count, seconds: 0, failed: 0, cpuSeconds, residentMb: {}, othersCores: 0 };
  });
}
