import { expect, test } from 'bun:test';
import { Unavailable } from '@parley/domain';
import { createLogger, createRegistry } from '@parley/runtime';
import { httpApp } from './app.ts';
import { OPERATIONS } from './contract/operations.ts';

test('the failures of each route are told as 0 before the first, and counted in the same series', async () => {
  const registry = createRegistry('test');
  const handle = async () => {
    throw new Unavailable('store', 'away');
  };
  const routes = [{ operation: OPERATIONS.listApplications, handle }];
  const app = httpApp({ logger: createLogger('test', 'silent'), registry, routes });
  const failures = async () =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('parley_http_requests_total'));
  const series = (status: number) =>
    `parley_http_requests_total{method="GET",route="/api/applications",status="${status}",program="test"}`;
  expect(await failures()).toEqual([`${series(500)} 0`, `${series(503)} 0`]);
  for (const path of ['/api/applications', '/api/applications/']) {
    expect((await app.handle(new Request(`http://localhost${path}`))).status).toBe(503);
  }
  expect(await failures()).toEqual([`${series(500)} 0`, `${series(503)} 2`]);
});

test('an address without a route, and a page, are counted too', async () => {
  const registry = createRegistry('test');
  const app = httpApp({ logger: createLogger('test', 'silent'), registry, routes: [] }).get('/healthz', () => 'alive');
  for (const path of ['/healthz', '/nowhere', '/api/applications']) {
    await app.handle(new Request(`http://localhost${path}`));
  }
  await Bun.sleep(0); // Elysia counts such a request after its answer
  const counted = (await registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith('parley_http_requests_total'));
  const series = (route: string, status: number) =>
    `parley_http_requests_total{method="GET",route="${route}",status="${status}",program="test"} 1`;
  expect(counted.sort()).toEqual([series('/healthz', 200), series('unknown', 404), series('unknown', 405)]);
  const unknown = /duration_seconds_sum\{method="GET",route="unknown",program="test"\} (\S+)/;
  expect(Number(unknown.exec(await registry.metrics())?.[1])).toBeGreaterThan(0);
});

test('a HEAD is counted as such', async () => {
  const registry = createRegistry('test');
  const routes = [{ operation: OPERATIONS.listApplications, handle: async () => ({ items: [] }) }];
  const app = httpApp({ logger: createLogger('test', 'silent'), registry, routes });
  for (const method of ['HEAD', 'GET']) {
    await app.handle(new Request('http://localhost/api/applications', { method }));
  }
  const series = (method: string) =>
    `parley_http_requests_total{method="${method}",route="/api/applications",status="200",program="test"} 1`;
  expect(await registry.metrics()).toContain(series('HEAD'));
  expect(await registry.metrics()).toContain(series('GET'));
});
