import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { AIMS, aims } from './aims.ts';
import type { Measurement } from './measure/result.ts';
import { withTable } from './report.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { REPOSITORY } from './stack.ts';

const measured = (scenario: string, name: string, rest: Partial<Measurement>): Measurement => {
  return { scenario, name, unit: 'µs', values: [], samples: [], ...rest };
};

test('the table of targets tells target, figure and whether it is met; of a ratio the ratio', () => {
  const name = 'ingest’s CPU, creates in 1 application, 256 connections, wrk';
  const over = { to: 'floor', values: [1.5, 1.7, 1.8], atMost: 1.75 };
  const pages = { values: [70, 61, 62], target: { atMost: 60 } };
  const { rows } = aims(
    [
      measured('creates', name, { values: [20, 21, 22], ratio: over }),
      measured('reads', 'api’s CPU, a page of 50', pages),
      measured('reads', 'MySQL’s CPU, a page of 50', { values: [1] }),
    ],
    { all: false },
  );
  expect(rows).toEqual([
    ['create: ingest’s CPU over the floor’s, 1 application', '≤ 1.75', '1.70 (1.50–1.80); 21.0 µs', 'met'],
    ['page of 50: api’s CPU', '≤ 60.0', '62.0 (61.0–70.0) µs', 'MISSED'],
  ]);
});

test('a full run also tells which targets were not measured', () => {
  const { rows } = aims([], { all: true });
  expect(rows).toHaveLength(AIMS.length);
  expect(rows.slice(2, 7)).toEqual([
    ['create: rate over Centrifugo’s, 1 application', '≥ 1', 'not measured: needs --compare FILE', ''],
    ['create: rate over Centrifugo’s, 10 applications', '≥ 0.75', 'not measured: needs --compare FILE', ''],
    ['create: rate over Centrifugo’s, 64 connections', '≥ 0.7', 'not measured: needs --compare FILE', ''],
    ['create: ingest’s CPU, keys on over open mode', '', 'not measured', ''],
    ['batches of 1,000 messages', '', 'not measured', ''],
  ]);
});

test('each target belongs to a scenario', () => {
  const names = [...SCENARIOS.map(({ name }) => name), 'compare'];
  expect(AIMS.filter(({ scenario }) => !names.includes(scenario))).toEqual([]);
});

test('a table replaces what is between its marks', () => {
  const table = { texts: 1, head: ['a', 'b'], rows: [['x', '1']] };
  const page = withTable('Before\n<!-- t -->\nold\n<!-- /t -->\nafter', 't', table);
  expect(page).toBe('Before\n<!-- t -->\n\n| a   |   b |\n| --- | --: |\n| x   |   1 |\n\n<!-- /t -->\nafter');
  expect(withTable(page, 't', table)).toBe(page);
  expect(() => withTable('no marks', 't', table)).toThrow('<!-- t -->');
});

test('docs/performance.md has the marks of its tables', async () => {
  const page = await Bun.file(join(REPOSITORY, 'docs/performance.md')).text();
  const table = { texts: 1, head: ['a'], rows: [] };
  for (const name of ['targets', 'cost']) expect(() => withTable(page, name, table)).not.toThrow();
});
