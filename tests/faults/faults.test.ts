import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { experiment } from './experiment.ts';
import { FAULTS } from './faults/index.ts';
import { FaultStack } from './stack.ts';

/** Some short faults. `bun run faults` injects all faults, and holds them longer. */
const NAMES = ['worker-kill', 'ingest-term', 'rabbitmq-kill', 'redis-emptied', 'delete-redis-flushed'];
const KEYED_NAMES = ['redis-emptied', 'mysql-kill', 'ingest-kill'];

let stack: FaultStack;
beforeAll(async () => {
  stack = await FaultStack.up();
}, 180_000);
afterAll(async () => {
  await stack.down(false);
}, 60_000);

test.each(NAMES)('every promise holds through %s', holds, 120_000);

describe('with keys on', () => {
  beforeAll(() => stack.useKeys(), 120_000);

  test.each(KEYED_NAMES)('every promise holds through %s', holds, 120_000);
});

async function holds(name: string): Promise<void> {
  const fault = FAULTS.find((each) => each.name === name);
  if (fault === undefined) throw new Error(`there is no fault ${name}`);
  const options = { createsPerSecond: 200, seed: 1, beforeMs: 1_500, steadyMs: 2_000, tell: () => {} };
  const result = await experiment({ ...fault, holdMs: 1_000 }, { stack, ...options });
  expect(result.broken).toEqual([]);
  expect(result.acknowledged).toBeGreaterThan(500);
}
