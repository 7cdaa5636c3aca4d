import { type Described, type Labels, register } from './registered.ts';

/** Metrics that read a value kept elsewhere at each scrape, so that counting stays a plain addition. */

export interface Reading {
  readonly labels: Labels;
  readonly value: number;
}

/** Returns a number, or one for each set of labels. A series that is not in the result is not shown. */
type Read = () => number | readonly Reading[] | Promise<number | readonly Reading[]>;

/** A value that goes up and down. `read` must not reject and must be quick: the scrape waits for it. */
export function readGauge(described: Described, read: Read): void {
  register(described, 'gauge', async () => valuesOf(await read()));
}

/** A value that only goes up while the process lives. */
export function readCounter(described: Described, read: Read): void {
  register(described, 'counter', async () => valuesOf(await read()));
}

function valuesOf(read: number | readonly Reading[]): readonly Reading[] {
  return typeof read === 'number' ? [{ labels: {}, value: read }] : read;
}
