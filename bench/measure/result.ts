/** What a scenario found out, ready for the table, the JSON file and the charts. */
import { rateOf, type Sample } from './sample.ts';
import { type Spread, spreadOf } from './statistics.ts';

export interface Measurement {
  readonly scenario: string;
  readonly name: string;
  /** Of the values: `messages/s`, `ms`… */
  readonly unit: string;
  /** One for each round. */
  readonly values: readonly number[];
  /** Against what it is held, by round, and what is to be reached. */
  readonly ratio?: { readonly to: string; readonly values: readonly number[]; readonly target?: number };
  /** Where the values themselves are to be below or above something. */
  readonly target?: { readonly atLeast?: number; readonly atMost?: number };
  readonly samples: readonly Sample[];
  /** For charts: where on the axis this stands. */
  readonly at?: Readonly<Record<string, number>>;
  readonly note?: string;
}

/** A rate, held against another one that was measured in the same rounds. */
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

/** Whether the target is met; undefined where there is none. */
export function isMet({ values, ratio, target }: Measurement): boolean | undefined {
  if (ratio?.target !== undefined) return spreadOf(ratio.values).median >= ratio.target;
  const { median }: Spread = spreadOf(values);
  if (target?.atLeast !== undefined) return median >= target.atLeast;
  if (target?.atMost !== undefined) return median <= target.atMost;
  return undefined;
}
