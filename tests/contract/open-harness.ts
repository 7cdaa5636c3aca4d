import { afterAll, beforeAll } from 'bun:test';

/** What every suite gets of a driver: it is opened once before the suite's tests and closed after them. */
export interface Harness {
  close(): Promise<void>;
}

/** Opens the harness around the tests of the enclosing `describe`; the function answers it within a test. */
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
