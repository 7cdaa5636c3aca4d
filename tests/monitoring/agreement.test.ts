/** Checks that programs, rules, dashboard and docs name the same metrics and the same alerts. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { REJECTION_REASONS } from '@parley/domain';
import { familyOf, isExported, metricsOf } from './expressions.ts';
import { CASES_FILE, OPERATIONS, panels, read, ruleFile, rules, section, watched } from './files.ts';
import { exposition, familiesIn, openPrograms, type Programs } from './programs.ts';

const PROGRAMS = ['ingest', 'api', 'worker', 'standalone'];
const expressions = panels().flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const alerts = rules().map(({ alert }) => alert);
const onDashboard = new Set(expressions.flatMap(metricsOf).map(familyOf));
const inRules = new Map(rules().map(({ alert, expr }) => [alert, metricsOf(expr).map(familyOf)]));
/** The metrics that docs/operations.md names under "What to watch" and "Alerts". */
const inDocs = new Set(
  [...`${section('What to watch')}${section('Alerts')}`.matchAll(/`((?:parley|process|rabbitmq)_\w+)[`{]/g)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'rabbitmq_prometheus'),
);

let programs: Programs;
/** The texts of the instances' metrics pages, by Prometheus job. */
let told: Record<string, string[]>;
/** The names of the metrics that each Prometheus job exports. */
let exported: Record<string, Set<string>>;
beforeAll(async () => {
  programs = await openPrograms();
  const jobs = Object.entries(programs.targets).map(
    async ([job, targets]) => [job, await Promise.all(targets.map(exposition))] as const,
  );
  told = Object.fromEntries(await Promise.all(jobs));
  exported = Object.fromEntries(Object.entries(told).map(([job, texts]) => [job, new Set(texts.flatMap(familiesIn))]));
}, 60_000);
afterAll(() => programs.stop());

const anybody = () => new Set(Object.values(exported).flatMap((names) => [...names]));

describe('a running program exports every metric that is named', () => {
  test('in the docs', () => {
    expect(inDocs.size).toBeGreaterThan(20);
    expect([...inDocs].filter((name) => !anybody().has(name))).toEqual([]);
  });

  test('in the rules', () => {
    const names = [...inRules.values()].flat().filter(isExported);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !anybody().has(name))).toEqual([]);
  });

  test('on the dashboard', () => {
    const names = [...onDashboard].filter(isExported);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !anybody().has(name))).toEqual([]);
  });
});

test('every metric that a program exports is on the dashboard', () => {
  const ours = PROGRAMS.flatMap((program) => [...exported[program]!]);
  expect([...new Set(ours)].filter((name) => !onDashboard.has(name))).toEqual([]);
});

describe('each row of the table What to watch', () => {
  test('has a panel', () => {
    expect(watched().length).toBeGreaterThan(20);
    expect(
      watched()
        .map(({ metric }) => metric)
        .filter((metric) => !onDashboard.has(metric)),
    ).toEqual([]);
  });

  test('has an alert on its metric if the row sets a limit, and says what to do', () => {
    for (const { metric, tells, alerts: named, action } of watched()) {
      if (/\bmust\b/.test(tells)) expect([metric, named.length > 0]).toEqual([metric, true]);
      for (const alert of named)
        expect([metric, inRules.get(alert)]).toEqual([metric, expect.arrayContaining([metric])]);
      expect([metric, action]).not.toEqual([metric, '']);
    }
  });

  test('is linked to alerts, and together the rows name every alert', () => {
    expect([...new Set(watched().flatMap(({ alerts: named }) => named))].sort()).toEqual([...alerts].sort());
  });
});

describe('each alert', () => {
  test('links to a section of the docs with its name, and every section has an alert', () => {
    const headings = [...section('Alerts').matchAll(/^### (.+)$/gm)].map(([, heading]) => heading!);
    expect([...headings].sort()).toEqual([...alerts].sort());
    for (const { alert, annotations } of rules()) {
      expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    }
  });

  test('has a summary and a severity, and a name of its own', () => {
    for (const { annotations, labels } of rules()) {
      expect(annotations.summary).toMatch(/\.$/);
      expect(['critical', 'warning']).toContain(labels.severity!);
    }
    expect(new Set(alerts).size).toBe(alerts.length);
  });

  test('has promtool tests in which it fires and in which it does not', () => {
    const { tests } = Bun.YAML.parse(read(CASES_FILE)) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
    };
    const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
    const of = (rings: boolean) => cases.filter(({ exp_alerts = [] }) => exp_alerts.length > 0 === rings);
    for (const rings of [true, false]) {
      expect([...new Set(of(rings).map(({ alertname }) => alertname))].sort()).toEqual([...alerts].sort());
    }
  });
});

describe('docs/operations.md', () => {
  test('links only to sections that exist', () => {
    const anchors = [...OPERATIONS.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\d _-]/gu, '')
        .replaceAll(' ', '-'),
    );
    const links = [...OPERATIONS.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!);
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
  });

  test('says what to do about an alert in five lines at most', () => {
    for (const paragraph of section('Alerts').split('\n\n')) {
      expect([paragraph, paragraph.split('\n').length <= 5]).toEqual([paragraph, true]);
    }
  });
});

describe('Prometheus', () => {
  const config = Bun.YAML.parse(read('docker/monitoring/prometheus/prometheus.yml')) as {
    rule_files: string[];
    scrape_configs: { job_name: string; dns_sd_configs?: { names: string[]; port: number }[] }[];
  };

  test('scrapes all instances of each app, under the job name that the rules use', () => {
    for (const app of ['ingest', 'api', 'worker']) {
      const job = config.scrape_configs.find(({ job_name }) => job_name === app);
      expect(job?.dns_sd_configs?.[0]).toMatchObject({ names: [app], port: 3000 });
    }
    const jobs = new Set(config.scrape_configs.map(({ job_name }) => job_name)).add('standalone');
    const asked = rules().flatMap(({ expr }) => [...expr.matchAll(/job=~"([^"]+)"/g)].map(([, names]) => names!));
    expect(asked.length).toBeGreaterThan(0);
    for (const names of asked) expect(names.split('|').sort()).toEqual([...jobs].sort());
  });

  test('finds the rules file, in Docker too', () => {
    expect(config.rule_files).toEqual(['rules/*.yml']);
    const { services } = Bun.YAML.parse(read('docker-compose.yml')) as {
      services: Record<string, { volumes: string[] }>;
    };
    expect(services.prometheus?.volumes).toContain('./docker/monitoring/prometheus/rules:/etc/prometheus/rules:ro');
    expect(ruleFile().groups.length).toBeGreaterThan(0);
  });
});

describe('the dashboard', () => {
  test('uses the provisioned data source', () => {
    const { datasources } = Bun.YAML.parse(
      read('docker/monitoring/grafana/provisioning/datasources/prometheus.yml'),
    ) as { datasources: { uid: string }[] };
    const uids = panels().flatMap(({ datasource, targets = [] }) => [
      ...(datasource ? [datasource.uid] : []),
      ...targets.map(({ datasource: { uid } }) => uid),
    ]);
    expect([...new Set(uids)]).toEqual(datasources.map(({ uid }) => uid));
  });

  test('has a unit on each panel, and no panels that overlap', () => {
    const taken = new Set<string>();
    for (const { title, type, gridPos, fieldConfig } of panels()) {
      if (type !== 'row') expect([title, typeof fieldConfig?.defaults.unit]).toEqual([title, 'string']);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, x < 24, taken.has(`${x} ${y}`)]).toEqual([title, true, false]);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});

describe('a counter that an alert uses is exported as 0 before its first event', () => {
  const lines = (job: string, name: string) =>
    told[job]!.flatMap((text) => text.split('\n').filter((line) => line.startsWith(`${name}{`) || line === name));

  test('by a standalone that has just started', () => {
    const counters = [...inRules.values()]
      .flat()
      .filter((name) => name.startsWith('parley_') && name.endsWith('_total'));
    const here = [...new Set(counters)].filter((name) => exported.standalone!.has(name));
    expect(here.sort()).toEqual(['parley_created_total', 'parley_http_requests_total', 'parley_rejected_events_total']);
    for (const name of here) {
      expect([name, lines('standalone', name).length > 0]).toEqual([name, true]);
      for (const line of lines('standalone', name)) expect(line).toMatch(/ 0$/);
    }
  });

  test('for each reason of a rejection', () => {
    for (const [job, name] of [
      ['worker', 'parley_dead_letters_total'],
      ['standalone', 'parley_rejected_events_total'],
    ] as const) {
      const reasons = lines(job, name).map((line) => /reason="([^"]+)"/.exec(line)?.[1]);
      expect([...new Set(reasons)].sort()).toEqual([...REJECTION_REASONS].sort());
    }
  });

  test.each(['ingest', 'api', 'standalone'])('for each route of the %s that can fail', (job) => {
    const routes = (status: string) => {
      const series = lines(job, 'parley_http_requests_total').filter((line) => line.includes(`status="${status}`));
      return new Set(series.flatMap((line) => /method="(?:GET|POST|PATCH|PUT)",route="\/api[^"]*"/.exec(line) ?? []));
    };
    expect(routes('503').size).toBeGreaterThan(4);
    expect(routes('500')).toEqual(routes('503'));
    for (const answered of routes('2')) expect(routes('503')).toContain(answered);
  });
});
