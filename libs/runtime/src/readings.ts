import { type Described, type Labels, register } from './registered.ts';

/**
 * Metrics whose values are kept elsewhere and read when somebody looks: what counts them stays a plain addition, and
 * nothing is done for who does not look.
 */

export interface Reading {
  readonly labels: Labels;
  readonly value: number;
}

/** A number, or one for each set of labels. A series that is not in the answer is not told. */
type Read = () => number | readonly Reading[] | Promise<number | readonly Reading[]>;

/** A value that goes up and down. `read` must not reject, and must answer soon: whoever looks waits for it. */
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
