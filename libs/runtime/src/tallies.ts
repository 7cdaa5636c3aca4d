/**
 * Counters and histograms for hot paths. prom-client looks up a series by its labels' text at each observation, which
 * took as much of a create's time as checking its body. Here a series is resolved once, and an observation is two or
 * three additions. A scrape reads the values.
 */
import type { MetricValueWithName } from 'prom-client';
import { type Described, type Labels, register } from './registered.ts';

/** A counter with labels. `series` returns the function that adds to the series with these labels. */
export class Tally {
  readonly #series = new Map<string, { readonly labels: Labels; value: number }>();

  constructor(described: Described) {
    register(described, 'counter', () => [...this.#series.values()].map(({ labels, value }) => ({ labels, value })));
  }

  series(labels: Labels): (count: number) => void {
    const series = resolved(this.#series, labels, () => ({ labels, value: 0 }));
    return (count) => {
      series.value += count;
    };
  }
}

interface Distribution {
  readonly labels: Labels;
  /** The number of values in each bucket; the last bucket has those above all upper bounds. */
  readonly counts: number[];
  sum: number;
}

/** A histogram with labels. `series` returns the function that observes a value in the series with these labels. */
export class Distributions {
  readonly #buckets: readonly number[];
  readonly #series = new Map<string, Distribution>();

  /** `buckets`: the upper bounds of the buckets, ascending. */
  constructor(described: Described & { readonly buckets: readonly number[] }) {
    this.#buckets = described.buckets;
    const { name } = described;
    register(described, 'histogram', () => [...this.#series.values()].flatMap((each) => this.#values(name, each)));
  }

  series(labels: Labels): (value: number) => void {
    const buckets = this.#buckets;
    const counts = () => Array<number>(buckets.length + 1).fill(0);
    const series = resolved(this.#series, labels, () => ({ labels, counts: counts(), sum: 0 }));
    return (value) => {
      let bucket = 0;
      while (bucket < buckets.length && value > (buckets[bucket] as number)) bucket += 1;
      series.counts[bucket] = (series.counts[bucket] as number) + 1;
      series.sum += value;
    };
  }

  #values(name: string, { labels, counts, sum }: Distribution): MetricValueWithName<string>[] {
    let below = 0;
    const buckets = counts.map((count, index) => {
      below += count;
      return { metricName: `${name}_bucket`, labels: { le: this.#buckets[index] ?? '+Inf', ...labels }, value: below };
    });
    const [total, count] = [`${name}_sum`, `${name}_count`];
    return [...buckets, { metricName: total, labels, value: sum }, { metricName: count, labels, value: below }];
  }
}

function resolved<Series>(all: Map<string, Series>, labels: Labels, make: () => Series): Series {
  const key = JSON.stringify(labels);
  const known = all.get(key);
  if (known !== undefined) return known;
  const made = make();
  all.set(key, made);
  return made;
}
