import { expect, test } from 'bun:test';
import { createLogger, createRegistry } from '@parley/runtime';
import { Elysia } from 'elysia';
import { observability } from './observability.ts';

test('the failures of each route are told as 0 before the first, and counted in the same series', async () => {
  const registry = createRegistry('test');
  const routes = new Elysia().get('/api/things/:id', ({ set }) => {
    set.status = 503;
    return 'away';
  });
  const logger = createLogger('test', 'silent');
  const app = new Elysia().use(observability({ logger, registry, routes: routes.routes })).use(routes);
  const failures = async () =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('parley_http_requests_total'));
  const series = (status: number) =>
    `parley_http_requests_total{method="GET",route="/api/things/:id",status="${status}",program="test"}`;
  expect(await failures()).toEqual([`${series(500)} 0`, `${series(503)} 0`]);
  for (const path of ['/api/things/1', '/api/things/2/']) {
    expect((await app.handle(new Request(`http://localhost${path}`))).status).toBe(503);
  }
  await Bun.sleep(0); // Elysia counts the request after its answer
  expect(await failures()).toEqual([`${series(500)} 0`, `${series(503)} 2`]);
});
