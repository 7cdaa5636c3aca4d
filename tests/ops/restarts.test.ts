/**
 * The settings that hide a restart of one of two instances. tests/system/rolling-restart.test.ts does such a restart.
 */

import { afterAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { balancedConfig, commonConfig } from '@parley/runtime';
import { reasonAgainst } from '@parley/stack/install/machine';
import { STOP_WITHIN_MS } from '@parley/stack/supervise';
import { freePort, tellLeftOut } from '@parley/testing';
import { type Echo, echoUpstream, startNginx } from './nginx-harness.ts';

const REPOSITORY = resolve(import.meta.dir, '../..');
const INSTALL_AND_START_MS = 300_000;
const read = (path: string): string => readFileSync(`${REPOSITORY}/${path}`, 'utf8');

function defaultOf(name: 'DRAIN_MS' | 'LINGER_MS' | 'STOP_TIMEOUT_MS'): number {
  return ({ ...commonConfig, ...balancedConfig }[name] as unknown as { default: number }).default;
}

describe('the times of a stop', () => {
  const stopMsMax = defaultOf('DRAIN_MS') + defaultOf('LINGER_MS') + defaultOf('STOP_TIMEOUT_MS');

  test('Docker and the native stack wait longer for an app to stop than it can take', () => {
    const { services } = Bun.YAML.parse(read('docker-compose.yml')) as {
      services: Record<string, { stop_grace_period?: string }>;
    };
    for (const app of ['ingest', 'api', 'worker']) {
      const [, seconds] = /^(\d+)s$/.exec(services[app]?.stop_grace_period ?? '') ?? [];
      expect(Number(seconds) * 1_000).toBeGreaterThan(stopMsMax);
    }
    expect(STOP_WITHIN_MS).toBeGreaterThan(stopMsMax);
  });

  test('nginx closes idle connections two seconds before a stopping app does', () => {
    const found = read('nginx/nginx.conf.template').matchAll(/^ {2}upstream .*?^ {4}keepalive_timeout (\d+)s;/gms);
    const timeouts = [...found].map(([, seconds]) => Number(seconds) * 1_000);
    expect(timeouts).toHaveLength(2);
    for (const timeoutMs of timeouts) expect(defaultOf('LINGER_MS')).toBeGreaterThanOrEqual(timeoutMs + 2_000);
  });
});

const unsupported = await reasonAgainst();
if (unsupported !== undefined) tellLeftOut('nginx', unsupported);

describe.skipIf(unsupported !== undefined)('nginx', () => {
  const stops: (() => void | Promise<void>)[] = [];
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  test(
    'uses a restarted instance at once when the other one stops, although it failed a moment ago',
    async () => {
      const firstPort = freePort();
      const second = echoUpstream('second');
      const nginx = await startNginx({ ingestPorts: [firstPort, second.port], apiPorts: [freePort()] });
      stops.push(nginx.stop);
      const create = async () => {
        const path = `http://127.0.0.1:${nginx.port}/api/applications`;
        const response = await fetch(path, { method: 'POST', body: '{}' });
        return response.ok ? ((await response.json()) as Echo).app : response.status;
      };
      for (let i = 0; i < 4; i += 1) expect(await create()).toBe('second');
      second.stop();
      const first = echoUpstream('first', undefined, firstPort);
      stops.push(first.stop);
      for (let i = 0; i < 20; i += 1) expect(await create()).toBe('first');
    },
    INSTALL_AND_START_MS,
  );
});
