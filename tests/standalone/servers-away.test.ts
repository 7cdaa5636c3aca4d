import { expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { type ApiParts, apiRoutes } from '@parley/api';
import { Unavailable } from '@parley/domain';
import { httpApp } from '@parley/http';
import { createLogger, createRegistry } from '@parley/runtime';
import { Client } from '../support/client.ts';
import { Documented } from '../support/documented.ts';
import { noteDocumented } from '../support/e2e.ts';
import { startStandalone, temporaryFolder } from '../support/system.ts';

/** What the standalone has in itself is on other servers in the distributed system: figures in Redis, for example. */
test('figures and dead letters are a 503 while their servers are away', async () => {
  const away = async (): Promise<never> => {
    throw new Unavailable('event log', 'away');
  };
  const logger = createLogger('test', 'silent');
  const parts = { figures: { all: away }, deadLetters: { list: away, count: away, replay: away }, logger };
  const app = httpApp({ logger, registry: createRegistry('test'), routes: apiRoutes(parts as unknown as ApiParts) });
  const dataDir = await temporaryFolder();
  const standalone = await startStandalone(dataDir);
  const document = await (await fetch(`${standalone.url}/openapi.json`)).json();
  await standalone.terminate();
  await rm(dataDir, { recursive: true, force: true });
  const client = new Client((request) => app.fetch(request), 'http://localhost', new Documented(document));
  for (const [method, path] of [
    ['GET', '/api/admin/programs'],
    ['GET', '/api/admin/dead-letters'],
    ['POST', '/api/admin/dead-letters/replay'],
  ] as const) {
    const { status, headers } = await client.call(method, path);
    expect([status, headers.get('retry-after')], path).toEqual([503, '1']);
  }
  noteDocumented(client);
});
