/** Reads the repository's files about monitoring: rules, dashboard, Prometheus' configuration, docs. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const REPOSITORY = resolve(import.meta.dir, '../..');
const PROMETHEUS = 'docker/monitoring/prometheus';
export const CONFIG_FILE = `${PROMETHEUS}/prometheus.yml`;
export const RULES_FILE = `${PROMETHEUS}/rules/parley.yml`;
export const CASES_FILE = 'tests/monitoring/rules-cases.yml';

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

export interface Panel {
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

/** A row of the table under "What to watch" in docs/operations.md. */
export interface Watched {
  readonly metric: string;
  readonly tells: string;
  readonly alerts: readonly string[];
  readonly action: string;
}

export const read = (path: string): string => readFileSync(`${REPOSITORY}/${path}`, 'utf8');

export function ruleFile(): RuleFile {
  return Bun.YAML.parse(read(RULES_FILE)) as RuleFile;
}

export function rules(): readonly Rule[] {
  return ruleFile().groups.flatMap((group) => group.rules);
}

export function panels(): readonly Panel[] {
  return (JSON.parse(read('docker/monitoring/grafana/dashboards/parley.json')) as { panels: Panel[] }).panels;
}

export const OPERATIONS = read('docs/operations.md');

/** The text of docs/operations.md between a second-level heading and the next one. */
export function section(heading: string): string {
  const [, text] = OPERATIONS.split(new RegExp(`^## ${heading}$`, 'm'));
  if (text === undefined) throw new Error(`docs/operations.md has no section '${heading}'`);
  return text.split(/^## /m)[0] ?? '';
}

export function watched(): readonly Watched[] {
  const rows = section('What to watch').matchAll(/^\| `(\w+)` *\|(.*)\|(.*)\|(.*)\|$/gm);
  return [...rows].map(([, metric = '', tells = '', alerts = '', action = '']) => ({
    metric,
    tells: tells.trim(),
    alerts: [...alerts.matchAll(/\[(\w+)\]\(#(\w+)\)/g)].map(([, name = '', anchor = '']) => {
      if (anchor !== name.toLowerCase()) throw new Error(`the link of ${name} leads to #${anchor}`);
      return name;
    }),
    action: action.trim(),
  }));
}
