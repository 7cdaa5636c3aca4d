/**
 * Runs a real Prometheus on a free port, with the rules of docker/monitoring, but it scrapes the given addresses, every
 * two seconds, and fires alerts at once, without the `for` of the rules.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { PrometheusPrograms } from '@parley/stack/install/prometheus';
import { freePort, until } from '@parley/testing';
import { temporaryFolder } from '../support/system.ts';
import { CONFIG_FILE, read, ruleFile } from './files.ts';

const READY_WITHIN_MS = 20_000;

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface EvaluatedRule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly state: string;
  /** When the rule was evaluated last; in the year 1 if it never was. */
  readonly lastEvaluation: string;
}

export class Prometheus {
  private constructor(
    readonly url: string,
    readonly child: Bun.Subprocess,
    readonly folder: string,
  ) {}

  static async start(
    { prometheus }: PrometheusPrograms,
    targets: Readonly<Record<string, readonly string[]>>,
  ): Promise<Prometheus> {
    const folder = await temporaryFolder();
    writeConfiguration(folder, targets);
    const port = freePort();
    const child = Bun.spawn(
      [
        prometheus,
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { stdin: 'ignore', stdout: 'ignore', stderr: 'inherit' },
    );
    const started = new Prometheus(`http://127.0.0.1:${port}`, child, folder);
    await started.#ready();
    return started;
  }

  /** The series of a PromQL expression with their current values. */
  async query(expression: string): Promise<readonly Series[]> {
    const answer = await this.#ask<{ result: readonly Series[] }>('query', { query: expression });
    return answer.result;
  }

  async rules(): Promise<readonly EvaluatedRule[]> {
    const { groups } = await this.#ask<{ groups: { rules: EvaluatedRule[] }[] }>('rules', {});
    return groups.flatMap(({ rules }) => rules);
  }

  async ringing(): Promise<readonly Readonly<Record<string, string>>[]> {
    const { alerts } = await this.#ask<{ alerts: { state: string; labels: Record<string, string> }[] }>('alerts', {});
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.child.exited;
    await rm(this.folder, { recursive: true, force: true });
  }

  async #ask<T>(what: string, parameters: Record<string, string>): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${what}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${answer.error} in ${JSON.stringify(parameters)}`);
    return answer.data;
  }

  async #ready(): Promise<void> {
    const ready = async () => this.child.exitCode !== null || (await fetch(`${this.url}/-/ready`)).ok;
    await until('Prometheus is ready', ready, READY_WITHIN_MS);
    if (this.child.exitCode !== null) throw new Error('Prometheus did not start');
  }
}

function writeConfiguration(folder: string, targets: Readonly<Record<string, readonly string[]>>): void {
  const { rule_files } = Bun.YAML.parse(read(CONFIG_FILE)) as { rule_files: string[] };
  const configuration = {
    global: { scrape_interval: '2s', scrape_timeout: '2s', evaluation_interval: '1s' },
    rule_files,
    scrape_configs: Object.entries(targets).map(([job, addresses]) => ({
      job_name: job,
      static_configs: [{ targets: addresses }],
    })),
  };
  const { groups } = ruleFile();
  const atOnce = groups.map((group) => ({ ...group, rules: group.rules.map(({ for: _, ...rule }) => rule) }));
  mkdirSync(`${folder}/rules`);
  // Prometheus reads YAML, and JSON is valid YAML.
  writeFileSync(`${folder}/rules/parley.yml`, JSON.stringify({ groups: atOnce }));
  writeFileSync(`${folder}/prometheus.yml`, JSON.stringify(configuration));
}
