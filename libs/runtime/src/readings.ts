/** Metrics that read a value kept elsewhere at each scrape, so that counting stays a plain addition. */
import { type Described, type Labels, register } from './registered.ts';

export interface Reading {
  readonly labels: Labels;
  readonly value: number;
}

/**
 * Returns the value of a metric, or one value for each set of labels. Labels that are not in the result are not shown.
 */
type Read = () => number | readonly Reading[] | Promise<number | readonly Reading[]>;

/** Registers a metric that goes up and down. `read` must not reject and must be quick: the scrape waits for it. */
export function readGauge(described: Described, read: Read): void {
  register(described, 'gauge', async () => valuesOf(await read()));
}

/** A metric that only goes up while the process lives. A scrape waits for `read` here too. */
export function readCounter(described: Described, read: Read): void {
  register(described, 'counter', async () => valuesOf(await read()));
}

function valuesOf(read: number | readonly Reading[]): readonly Reading[] {
  return typeof read === 'number' ? [{ labels: {}, value: read }] : read;
}
