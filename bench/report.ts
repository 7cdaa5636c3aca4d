/** Makes tables of measurements, for a terminal and for the documentation. */
import { isMet, type Measurement } from './measure/result.ts';
import { cpuPerItem, type Sample } from './measure/sample.ts';
import { spreadOf } from './measure/statistics.ts';

const PROGRAMS = [
  'load',
  'nginx',
  'ingest',
  'api',
  'worker',
  'redis',
  'rabbitmq',
  'mysql',
  'elasticsearch',
  'floor',
  'service',
  'standalone',
  'bench',
];

function amount(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** Returns the median and, of several values, their range. */
export function spread(values: readonly number[]): string {
  const { median, min, max } = spreadOf(values);
  return values.length === 1 ? amount(median) : `${amount(median)} (${amount(min)}–${amount(max)})`;
}

const medianOf = (samples: readonly Sample[], of: (sample: Sample) => number | undefined): number =>
  spreadOf(samples.flatMap((sample) => of(sample) ?? [])).median;

/** Returns the target of a measurement as a text; '' if it has none. */
export function limitOf({ ratio, target }: Measurement): string {
  if (ratio?.target !== undefined) return `≥ ${ratio.target}`;
  if (ratio?.atMost !== undefined) return `≤ ${ratio.atMost}`;
  if (target?.atLeast !== undefined) return `≥ ${amount(target.atLeast)}`;
  return target?.atMost !== undefined ? `≤ ${amount(target.atMost)}` : '';
}

function verdict(measurement: Measurement): string {
  const met = isMet(measurement);
  return met === undefined ? '' : met ? 'met' : 'MISSED';
}

const RESULT_COLUMNS: readonly (readonly [string, (measurement: Measurement) => string])[] = [
  ['scenario', ({ scenario }) => scenario],
  ['what', ({ name }) => name],
  ['median (min–max)', ({ values }) => spread(values)],
  ['unit', ({ unit }) => unit],
  ['of it', ({ ratio }) => (ratio === undefined ? '' : spread(ratio.values))],
  ['compared with', ({ ratio }) => ratio?.to ?? ''],
  ['target', limitOf],
  ['', verdict],
  ['p50 ms', ({ samples }) => amount(medianOf(samples, ({ latency }) => latency?.p50))],
  ['p99 ms', ({ samples }) => amount(medianOf(samples, ({ latency }) => latency?.p99))],
  ['failed', ({ samples }) => String(samples.reduce((sum, { failed }) => sum + failed, 0) || '')],
  ['others', ({ samples }) => amount(medianOf(samples, ({ othersCores }) => othersCores))],
];

export interface Table {
  /** How many columns at the left have texts (left-aligned); the others have figures. */
  readonly texts: number;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function results(measurements: readonly Measurement[]): Table {
  return {
    texts: 2,
    head: RESULT_COLUMNS.map(([name]) => name),
    rows: measurements.map((each) => RESULT_COLUMNS.map(([, of]) => of(each))),
  };
}

/** CPU microseconds of each program for one message (or request). */
export function cpu(measurements: readonly Measurement[]): Table {
  const told = measurements.filter(({ samples }) => samples.length > 0);
  const of = (samples: readonly Sample[], program: string) =>
    medianOf(samples, (sample) => cpuPerItem(sample, (name) => name === program) * 1e6);
  const used = PROGRAMS.filter((program) => told.some(({ samples }) => of(samples, program) > 0.05));
  const rows = told.map(({ scenario, name, samples }) => {
    const all = medianOf(samples, (sample) => cpuPerItem(sample) * 1e6);
    return [scenario, name, ...used.map((program) => amount(of(samples, program) || Number.NaN)), amount(all)];
  });
  return { texts: 2, head: ['scenario', 'CPU µs each', ...used, 'all'], rows };
}

const SHARED = ['load', 'ingest', 'redis', 'rabbitmq', 'worker', 'mysql', 'elasticsearch'];

/** What one message costs in the whole system, by program in µs of CPU. `of`: the rows, by their name. */
export function costOfMessage(of: Readonly<Record<string, Measurement | undefined>>): Table {
  const rows = Object.entries(of).flatMap(([name, measurement]) => {
    if (measurement === undefined) return [];
    const micros = (wanted: (program: string) => boolean) =>
      amount(medianOf(measurement.samples, (sample) => cpuPerItem(sample, wanted) * 1e6));
    const others = micros((program) => !SHARED.includes(program));
    return [[name, ...SHARED.map((one) => micros((program) => program === one)), others, micros(() => true)]];
  });
  return { texts: 1, head: ['CPU µs for one message', ...SHARED, 'others', 'all'], rows };
}

/** The highest resident memory of each program at the end of a round, in MB. */
export function memory(measurements: readonly Measurement[]): Table {
  const most = new Map<string, number>();
  for (const { residentMb } of measurements.flatMap(({ samples }) => samples)) {
    for (const [name, mb] of Object.entries(residentMb)) most.set(name, Math.max(most.get(name) ?? 0, mb));
  }
  return {
    texts: 1,
    head: ['program', 'RSS MB at most'],
    rows: [...most].sort().map(([name, mb]) => [name, mb.toFixed(0)]),
  };
}

export function asText({ texts, head, rows }: Table): string {
  const widths = widthsOf([head, ...rows]);
  const line = (row: readonly string[]) => padded(row, texts, widths).join('  ').trimEnd();
  return [head, ...rows].map(line).join('\n');
}

/** Returns the table in Markdown, without columns that are completely empty. */
export function asMarkdown({ texts, head, rows }: Table): string {
  const kept = head.flatMap((_, column) => (rows.some((row) => row[column]) ? [column] : []));
  const cells = [head, ...rows].map((row) => kept.map((column) => row[column] ?? ''));
  const widths = widthsOf(cells).map((width) => Math.max(width, 3));
  const [first = '', ...others] = cells.map((row) => `| ${padded(row, texts, widths).join(' | ')} |`);
  const rule = widths.map((width, column) => (column < texts ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [first, `| ${rule.join(' | ')} |`, ...others].join('\n');
}

/**
 * Puts a table into a page in Markdown, between the marks `<!-- NAME -->` and `<!-- /NAME -->`, in place of what is
 * there. @throws if the page does not have them
 */
export function withTable(page: string, name: string, table: Table): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no marks ${begin} and ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${asMarkdown(table)}\n\n${page.slice(to)}`;
}

const widthsOf = (rows: readonly (readonly string[])[]): number[] =>
  (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));

const padded = (row: readonly string[], texts: number, widths: readonly number[]): string[] =>
  row.map((text, column) => (column < texts ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)));
