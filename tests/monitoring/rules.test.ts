/** promtool, Prometheus' checker, must accept the configuration, the rules and the metrics. */
import { expect, test } from 'bun:test';
import { CASES_FILE, CONFIG_FILE, RULES_FILE } from './files.ts';
import { exposition, openPrograms } from './programs.ts';
import { findPrometheus, promtool } from './promtool.ts';

const programs = await findPrometheus();
const withPrometheus = test.skipIf(programs === undefined);

withPrometheus('the configuration and the rules are valid, without warnings', async () => {
  for (const [kind, file] of [
    ['config', CONFIG_FILE],
    ['rules', RULES_FILE],
  ] as const) {
    const { ok, said } = await promtool(programs!, ['check', kind, '--lint=all', '--lint-fatal', file]);
    expect([ok, said]).toEqual([true, expect.stringContaining('SUCCESS')]);
  }
});

withPrometheus('each alert rings where it should, and does not where it should not', async () => {
  const { ok, said } = await promtool(programs!, ['test', 'rules', CASES_FILE]);
  expect([ok, said]).toEqual([true, expect.stringContaining('SUCCESS')]);
});

withPrometheus('the metrics of each program are named and typed as Prometheus wants them', async () => {
  const running = await openPrograms();
  try {
    const { ingest, api, worker, standalone } = running.targets;
    for (const target of [ingest, api, worker, standalone].flatMap((targets = []) => targets)) {
      const { ok, said } = await promtool(programs!, ['check', 'metrics'], await exposition(target));
      expect([target, ok, said]).toEqual([target, true, '']);
    }
  } finally {
    await running.stop();
  }
});
