/** A scenario's result, for the tables, the JSON file and the charts. */
import { rateOf, type Sample } from './sample.ts';
import { type Spread, spreadOf } from './statistics.ts';

export interface Measurement {
  readonly scenario: string;
  readonly name: string;
  /** The unit of the values: `messages/s`, `ms`… */
  readonly unit: string;
  /** One for each round. */
  readonly values: readonly number[];
  /** Compared with what, the ratio of each round, and the ratio to reach. */
  readonly ratio?: { readonly to: string; readonly values: readonly number[]; readonly target?: number };
  /** Limits for the values themselves. */
  readonly target?: { readonly atLeast?: number; readonly atMost?: number };
  readonly samples: readonly Sample[];
  /** For charts: the position on the axis. */
  readonly at?: Readonly<Record<string, number>>;
  readonly note?: string;
}

/** A rate, compared with another one that was measured in the same rounds. */
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

/** Whether the target is met; undefined if there is none. */
export function isMet({ values, ratio, target }: Measurement): boolean | undefined {
  if (ratio?.target !== undefined) return spreadOf(ratio.values).median >= ratio.target;
  const { median }: Spread = spreadOf(values);
  if (target?.atLeast !== undefined) return median >= target.atLeast;
  if (target?.atMost !== undefined) return median <= target.atMost;
  return undefined;
}
