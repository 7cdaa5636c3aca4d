/** The aims of speed: the table that ends a report. */
import { CENTRIFUGO, OVER_CENTRIFUGO } from './compare/comparison.ts';
import { isMet, type Measurement } from './measure/result.ts';
import { spreadOf } from './measure/statistics.ts';
import { limitOf, spread, type Table } from './report.ts';

interface Aim {
  readonly what: string;
  readonly scenario: string;
  /** How the measurement's name begins. Of several such measurements with a target, the last one counts. */
  readonly name: string;
  /** What is told where it was not measured. */
  readonly missing?: { readonly target: string; readonly why: string };
}

/** An aim that only a run with a service file measures. `variant`: a key of OVER_CENTRIFUGO. */
function overCentrifugo(what: string, variant: string): Aim {
  const missing = { target: `≥ ${OVER_CENTRIFUGO[variant]}`, why: 'not measured: needs --compare FILE' };
  return { what, scenario: 'compare', name: `${variant}, over ${CENTRIFUGO}`, missing };
}

export const AIMS: readonly Aim[] = [
  {
    what: 'create: ingest’s CPU over the floor’s, 1 application',
    ...{ scenario: 'creates', name: 'ingest’s CPU, creates in 1 application, 256 connections' },
  },
  {
    what: 'create: ingest’s CPU over the floor’s, 10 applications',
    ...{ scenario: 'creates', name: 'ingest’s CPU, creates in 10 applications, 256 connections' },
  },
  overCentrifugo('create: rate over Centrifugo’s, 1 application', 'Parley in 1 application, 256 connections'),
  overCentrifugo('create: rate over Centrifugo’s, 10 applications', 'Parley in 10 applications, 256 connections'),
  overCentrifugo('create: rate over Centrifugo’s, 64 connections', 'Parley in 1 application, 64 connections'),
  {
    what: 'create: ingest’s CPU, keys on over open mode',
    ...{ scenario: 'keys', name: 'ingest’s CPU, keys on over open' },
  },
  { what: 'batches of 1,000 messages', scenario: 'batches', name: 'batches of 1,000' },
  {
    what: 'worker: single creates into MySQL, over raw INSERT',
    ...{ scenario: 'drain', name: 'worker stores single creates' },
  },
  { what: 'Elasticsearch’s CPU for a document, in bulk', scenario: 'drain', name: 'Elasticsearch’s CPU, raw bulk' },
  {
    what: 'Elasticsearch’s CPU for a document, whole system',
    ...{ scenario: 'whole', name: 'Elasticsearch’s CPU for one message' },
  },
  {
    what: 'whole system: CPU of all programs for a message',
    ...{ scenario: 'whole', name: 'CPU for one message, all programs' },
  },
  { what: 'created → readable at 2,000/s, p99', scenario: 'lag', name: 'created → readable' },
  { what: 'created → searchable at 2,000/s, p99', scenario: 'lag', name: 'created → searchable' },
  { what: 'page of 50: api’s CPU', scenario: 'reads', name: 'api’s CPU, a page of 50' },
  { what: 'page of 50: MySQL’s CPU', scenario: 'reads', name: 'MySQL’s CPU, a page of 50' },
  { what: 'GET of one message: rate over the floor’s', scenario: 'reads', name: 'GET of one message' },
  {
    what: 'GET of one message: api’s CPU over the floor’s',
    ...{ scenario: 'reads', name: 'api’s CPU, GET of one message' },
  },
  {
    what: 'standalone: creates over its listener’s floor',
    ...{ scenario: 'standalone', name: 'standalone creates' },
  },
  ...['ingest', 'api', 'worker'].map((app) => {
    return { what: `memory of ${app} under full load`, scenario: 'programs', name: `RSS of ${app}` };
  }),
  {
    what: 'growth: CPU of a stored create over many rows',
    ...{ scenario: 'growth', name: 'CPU for one message over' },
  },
];

const hasTarget = (measurement: Measurement): boolean => limitOf(measurement) !== '';

/** Returns the measurement of an aim; undefined if the run does not have it. */
function measurementOf({ scenario, name }: Aim, measurements: readonly Measurement[]): Measurement | undefined {
  return measurements.findLast((each) => each.scenario === scenario && each.name.startsWith(name) && hasTarget(each));
}

/** The table of targets. `all`: also those that were not measured. */
export function aims(measurements: readonly Measurement[], { all }: { readonly all: boolean }): Table {
  const rows = AIMS.flatMap((aim) => {
    const measured = measurementOf(aim, measurements);
    if (measured !== undefined) return [[aim.what, limitOf(measured), told(measured), verdict(measured)]];
    const { target, why } = aim.missing ?? { target: '', why: 'not measured' };
    return all ? [[aim.what, target, why, '']] : [];
  });
  return { texts: 4, head: ['what', 'to reach', 'measured', ''], rows };
}

/** Tells what the limit is about: the ratio, with the figure itself behind it, or the figure. */
function told({ values, unit, ratio, target }: Measurement): string {
  if (ratio === undefined || target !== undefined) return `${spread(values)} ${unit}`;
  return `${spread(ratio.values)}; ${spread([spreadOf(values).median])} ${unit}`;
}

const verdict = (measurement: Measurement): string => (isMet(measurement) ? 'met' : 'MISSED');
