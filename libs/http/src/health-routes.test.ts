import { expect, test } from 'bun:test';
import { Readiness } from './health-routes.ts';

test('a dependency that does not answer counts as down, and the others are told all the same', async () => {
  const checks = { hangs: () => new Promise<void>(() => {}), fails: () => Promise.reject(new Error('away')) };
  const report = await new Readiness({ ...checks, works: async () => {} }).report();
  expect(report.status).toBe('unavailable');
  expect(report.dependencies.map(({ name, state }) => [name, state])).toEqual([
    ['hangs', 'down'],
    ['fails', 'down'],
    ['works', 'up'],
  ]);
});
