import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BadFile } from '../checked.ts';
import { diffCommand } from './command.ts';
import { difference } from './difference.ts';
import type { Run } from './run.ts';

type Measured = Run['measurements'][number];

function run(measurements: readonly Partial<Measured>[], also: Partial<Run> = {}): Run {
  const usual = { scenario: 's', name: 'n', unit: 'messages/s', values: [], samples: [] };
  return {
    at: '2026-01-01T00:00:00.000Z',
    machine: { cores: 2, model: 'M', bun: '1.0.0' },
    settings: { rounds: 2, seconds: 1, quick: false, large: false },
    measurements: measurements.map((each) => ({ ...usual, ...each })),
    failed: [],
    ...also,
  };
}

/** Compares one measurement's values. */
const verdict = (a: (number | null)[], b: (number | null)[], unit = 'messages/s') =>
  difference([run([{ values: a, unit }])], [run([{ values: b, unit }])]).measured[0]?.verdict;

/** A round of 1,000 items. */
const sample = (cpuSeconds: Record<string, number>, failed = 0) => ({ count: 1_000, failed, cpuSeconds });

test('a rate is slower when it is lower, a time when it is higher', () => {
  expect(verdict([100, 110], [80, 90])).toBe('slower');
  expect(verdict([80, 90], [100, 110])).toBe('faster');
  expect(verdict([100, 110], [80, 90], 'ms')).toBe('faster');
  expect(verdict([80, 90], [100, 110], 'ms')).toBe('slower');
});

test('a change is noise if the ranges overlap, or the medians differ by at most 5 %', () => {
  expect(verdict([100, 200], [50, 101])).toBe('same');
  expect(verdict([100, 100], [95, 95])).toBe('same');
  expect(verdict([100, 100], [94, 94])).toBe('slower');
});

test('what was measured only once on a side is marked, because it has no range', () => {
  expect(verdict([100], [50, 51])).toBe('slower?');
  expect(verdict([100, 101], [200])).toBe('faster?');
});

test('a figure that could not be computed does not count', () => {
  expect(verdict([100, null, 110], [80, 90])).toBe('slower');
  expect(difference([run([{ values: [null] }])], [run([{ values: [1] }])]).onlyB).toHaveLength(1);
});

test('the rounds of several runs of a side are joined', () => {
  const [a1, a2, b] = [run([{ values: [100] }]), run([{ values: [60] }]), run([{ values: [70, 75] }])];
  const [change] = difference([a1, a2], [b]).measured;
  expect(change).toMatchObject({ a: [100, 60], b: [70, 75], verdict: 'same' });
  expect(change?.ratio).toBeCloseTo(72.5 / 80);
});

test('CPU is compared for each program, and for all together', () => {
  const a = run([{ values: [1, 1], samples: [sample({ ingest: 0.2, idle: 0.001 }), sample({ ingest: 0.22 })] }]);
  const b = run([{ values: [1, 1], samples: [sample({ ingest: 0.3 }), sample({ ingest: 0.32, idle: 0.001 })] }]);
  const { cpu } = difference([a], [b]);
  expect(cpu.map(({ program, unit, verdict }) => [program, unit, verdict])).toEqual([
    ['ingest', 'µs', 'slower'],
    ['all', 'µs', 'slower'],
  ]);
  expect(cpu[0]?.a[0]).toBeCloseTo(200);
  expect(cpu[0]?.ratio).toBeCloseTo(31 / 21);
});

test('a program that only one side has is compared with none, in more than two steps of the clock', () => {
  const side = (redis: number) => {
    const round = sample({ ingest: 0.2, ...(redis > 0 && { redis }) });
    return run([{ values: [1, 1], samples: [round, round] }]);
  };
  const redis = (seconds: number) => difference([side(0)], [side(seconds)]).cpu.find((of) => of.program === 'redis');
  expect(redis(0.03)).toMatchObject({ a: [0, 0], verdict: 'slower' });
  expect(redis(0.02)?.verdict).toBe('same');
});

test('the CPU of the load tool is shown and not judged', () => {
  const a = run([{ values: [1, 1], samples: [sample({ load: 0.01, ingest: 1 }), sample({ load: 0.5, ingest: 1 })] }]);
  const b = run([{ values: [1, 1], samples: [sample({ load: 2, ingest: 1 }), sample({ load: 2, ingest: 1 })] }]);
  expect(difference([a], [b]).cpu.find(({ program }) => program === 'load')?.verdict).toBe('same');
});

test('a program that takes more of a message is told, though all programs together take no more', () => {
  const side = (mysql: number, worker: number) => {
    const samples = [1, 1.01].map((times) => sample({ mysql: mysql * times, worker: worker * times }));
    return run([{ scenario: 'whole', name: 'CPU for one message', unit: 'µs', values: [100, 101], samples }]);
  };
  const { measured, cpu } = difference([side(0.06, 0.04)], [side(0.03, 0.07)]);
  expect(measured.map(({ verdict }) => verdict)).toEqual(['same']);
  expect(cpu.map(({ program, verdict }) => [program, verdict])).toEqual([
    ['mysql', 'faster'],
    ['worker', 'slower'],
    ['all', 'same'],
  ]);
});

test('it warns if the floor takes another CPU: the machine differs', () => {
  const side = (floor: number) => run([{ values: [1, 1], samples: [sample({ floor }), sample({ floor })] }]);
  expect(difference([side(0.2)], [side(0.3)]).warnings).toEqual(['s: n takes 1.50 times the CPU in B: so may all']);
  expect(difference([side(0.2)], [side(0.2)]).warnings).toEqual([]);
});

test('measurements that one side lacks are named', () => {
  const [a, b] = [run([{ name: 'old', values: [1] }]), run([{ name: 'new', values: [1] }])];
  expect(difference([a], [b])).toMatchObject({
    measured: [],
    onlyA: ['s: old (messages/s)'],
    onlyB: ['s: new (messages/s)'],
  });
});

test('it warns if machines or settings differ, a scenario failed, or requests fail now', () => {
  const machine = { cores: 4, model: 'M', bun: '1.0.1' };
  const settings = { rounds: 2, seconds: 5, quick: false, large: false };
  const a = run([{ values: [1], samples: [sample({})] }]);
  const b = run([{ values: [1], samples: [sample({}, 7)] }], { machine, settings, failed: ['drain'] });
  expect(difference([a], [a]).warnings).toEqual([]);
  expect(difference([a], [b]).warnings).toEqual([
    'the runs differ in cores: 2, 4',
    "the runs differ in Bun's version: 1.0.0, 1.0.1",
    'the runs differ in seconds of a round: 1, 5',
    'the scenario drain failed in B',
    '7 requests failed in B and none in A: s, n',
  ]);
});

test('the command refuses what is not a result and names the field', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-diff-'));
  const [bad, good] = [join(folder, 'bad.json'), join(folder, 'good.json')];
  try {
    await Bun.write(good, JSON.stringify(run([])));
    await Bun.write(bad, JSON.stringify({ ...run([]), machine: { cores: 'two', bun: '1' } }));
    await expect(diffCommand([good, bad])).rejects.toThrow('bad.json: machine.cores must be number');
    await Bun.write(bad, '{"at":');
    await expect(diffCommand([good, bad])).rejects.toThrow('is not JSON');
    await expect(diffCommand([good, join(folder, 'none.json')])).rejects.toThrow('none.json: cannot be read');
    await expect(diffCommand([good])).rejects.toThrow(BadFile);
  } finally {
    await rm(folder, { recursive: true });
  }
});
