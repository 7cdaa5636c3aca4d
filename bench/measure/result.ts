/** A measured figure of a scenario, for the tables, the JSON file and the charts. */
import { cpuPerItem, rateOf, type Sample } from './sample.ts';
import { type Spread, spreadOf } from './statistics.ts';

export interface Measurement {
  readonly scenario: string;
  readonly name: string;
  /** The unit of the values: `messages/s`, `ms`… */
  readonly unit: string;
  /** The figure in each round. */
  readonly values: readonly number[];
  /**
   * `to`: what the figure is compared with; `values`: each round's ratio; `target`: the ratio to reach, at least;
   * `atMost`: the limit of the ratio, where less is better.
   */
  readonly ratio?: {
    readonly to: string;
    readonly values: readonly number[];
    readonly target?: number;
    readonly atMost?: number;
  };
  /** The limits that the median of `values` should keep. */
  readonly target?: { readonly atLeast?: number; readonly atMost?: number };
  readonly samples: readonly Sample[];
  /** For charts: the position on the axis, such as `{ connections: 64 }`. */
  readonly at?: Readonly<Record<string, number>>;
  readonly note?: string;
}

/** Makes a measurement of the rates of `samples`, compared with other samples of the same rounds. */
export function rate(
  what: Pick<Measurement, 'scenario' | 'name' | 'unit'> & Partial<Measurement>,
  samples: readonly Sample[],
  against?: { readonly to: string; readonly samples: readonly Sample[]; readonly target?: number },
): Measurement {
  const values = samples.map(rateOf);
  if (against === undefined) return { ...what, values, samples };
  const ratios = values.flatMap((value, round) => {
    const other = against.samples[round];
    return other === undefined ? [] : [value / rateOf(other)];
  });
  const { to, target } = against;
  return { ...what, values, samples, ratio: { to, values: ratios, ...(target !== undefined && { target }) } };
}

/** Samples, and the program in them whose CPU is meant. */
export interface Program {
  readonly program: string;
  readonly samples: readonly Sample[];
}

/** Returns the CPU that a program takes for one item, in µs, of each sample. */
export const microsEach = ({ program, samples }: Program): number[] =>
  samples.map((sample) => cpuPerItem(sample, (name) => name === program) * 1e6);

/** Makes a measurement of the CPU that a program takes for one item, in µs. */
export function cpuEach(what: Pick<Measurement, 'scenario' | 'name'> & Partial<Measurement>, of: Program): Measurement {
  return { ...what, unit: 'µs', values: microsEach(of), samples: [] };
}

/** Makes a measurement of the CPU that a program takes for one item, in µs, over what another one takes. */
export function cpuOver(
  what: Pick<Measurement, 'scenario' | 'name'> & Partial<Measurement>,
  of: Program,
  other: Program & { readonly to: string; readonly atMost?: number },
): Measurement {
  const [values, others] = [microsEach(of), microsEach(other)];
  const { to, atMost } = other;
  const ratios = values.map((value, round) => value / (others[round] ?? Number.NaN));
  return {
    ...what,
    unit: 'µs',
    values,
    samples: [],
    ratio: { to, values: ratios, ...(atMost !== undefined && { atMost }) },
  };
}

/** Whether the median of the figures meets its target; undefined if it has none. */
export function isMet({ values, ratio, target }: Measurement): boolean | undefined {
  if (ratio?.target !== undefined) return spreadOf(ratio.values).median >= ratio.target;
  if (ratio?.atMost !== undefined) return spreadOf(ratio.values).median <= ratio.atMost;
  const { median }: Spread = spreadOf(values);
  if (target?.atLeast !== undefined) return median >= target.atLeast;
  if (target?.atMost !== undefined) return median <= target.atMost;
  return undefined;
}
