/** The programs to monitor: those of bin/test-stack, and a standalone. */
import { rm } from 'node:fs/promises';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';
import { programs } from '../support/test-stack.ts';

export interface Programs {
  /** The URL of nginx. */
  readonly url: string;
  readonly standalone: StandaloneProcess;
  /** The addresses (`host:port`) to scrape, by Prometheus job. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
  stop(): Promise<void>;
}

export async function openPrograms(): Promise<Programs> {
  const { RABBITMQ_METRICS_URL } = process.env;
  if (RABBITMQ_METRICS_URL === undefined) throw new Error('RABBITMQ_METRICS_URL must name the figures of RabbitMQ');
  const all = await programs();
  const of = (program: string): string[] =>
    all.filter(({ name }) => name.replace(/-\d+$/, '') === program).map(({ port }) => `127.0.0.1:${port}`);
  const dataDir = await temporaryFolder();
  const standalone = await startStandalone(dataDir);
  return {
    url: `http://${of('nginx')[0]}`,
    standalone,
    targets: {
      ...{ ingest: of('ingest'), api: of('api'), worker: of('worker') },
      ...{ standalone: [new URL(standalone.url).host], rabbitmq: [new URL(RABBITMQ_METRICS_URL).host] },
    },
    stop: async () => {
      await standalone.terminate();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Returns the text of the page /metrics at `host:port`. */
export async function exposition(target: string): Promise<string> {
  const response = await fetch(`http://${target}/metrics`);
  if (!response.ok) throw new Error(`${target} answered ${response.status}`);
  return response.text();
}

export function familiesIn(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => name);
}
