import { afterAll, beforeAll } from 'bun:test';

/** A driver under test. A suite opens it once before its tests and closes it after them. */
export interface Harness {
  close(): Promise<void>;
}

/**
 * Opens a driver before the tests of the enclosing `describe` and closes it after them. The returned function returns
 * the driver.
 */
export function opened<H extends Harness>(open: () => Promise<H>): () => H {
  let harness: H | undefined;
  beforeAll(async () => {
    harness = await open();
  });
  afterAll(async () => {
    await harness?.close();
  });
  return () => {
    if (harness === undefined) throw new Error('the harness is opened before the tests');
    return harness;
  };
}
