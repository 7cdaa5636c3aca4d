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
  /** `to`: what the figure is compared with; `values`: each round's ratio; `target`: the ratio to reach. */
  readonly ratio?: { readonly to: string; readonly values: readonly number[]; readonly target?: number };
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

/**
 * Makes a measurement of the CPU that a program takes for one item, in µs. Its ratio is the share of it that the floor
 * takes: 0.5 if the program takes twice as much.
 */
export function cpuOverFloor(
  what: Pick<Measurement, 'scenario' | 'name'> & Partial<Measurement>,
  { program, samples }: { readonly program: string; readonly samples: readonly Sample[] },
  floor: { readonly samples: readonly Sample[]; readonly target?: number },
): Measurement {
  const cost = (sample: Sample | undefined, of: string) =>
    sample === undefined ? Number.NaN : cpuPerItem(sample, (name) => name === of) * 1e6;
  const values = samples.map((sample) => cost(sample, program));
  const shares = values.map((value, round) => cost(floor.samples[round], 'floor') / value);
  const { target } = floor;
  const ratio = { to: 'the HTTP floor’s CPU', values: shares, ...(target !== undefined && { target }) };
  return { ...what, unit: 'µs', values, samples: [], ratio };
}

/** Whether the median of the figures meets its target; undefined if it has none. */
export function isMet({ values, ratio, target }: Measurement): boolean | undefined {
  if (ratio?.target !== undefined) return spreadOf(ratio.values).median >= ratio.target;
  const { median }: Spread = spreadOf(values);
  if (target?.atLeast !== undefined) return median >= target.atLeast;
  if (target?.atMost !== undefined) return median <= target.atMost;
  return undefined;
}
