import { expect, test } from 'bun:test';
import { until } from '@parley/testing';
import { OPERATIONS } from './contract/operations.ts';
import { startProgram } from './program.ts';

const CONFIG = {
  ...{ HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'silent' },
  ...{ STOP_TIMEOUT_MS: 20_000, DRAIN_MS: 0, REQUEST_TIMEOUT_MS: 5_000 },
};

test('a stop answers what is in flight before it ends what that is answered with', async () => {
  const asked = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const order: string[] = [];
  const handle = async () => {
    asked.resolve();
    await ready.promise;
    order.push('answered');
    return { items: ['done'] };
  };
  const routes = [{ operation: OPERATIONS.listApplications, handle }];
  const parts = { checks: {}, routes, stop: async () => void order.push('ended') };
  const { port, stop } = await startProgram('test', CONFIG, async () => parts);
  const answer = fetch(`http://127.0.0.1:${port}/api/applications`).then((response) => response.json());
  await asked.promise;
  const stopped = stop();
  const refused = () =>
    fetch(`http://127.0.0.1:${port}/healthz`)
      .then(() => false)
      .catch(() => true);
  await until('it waits for what is in flight', async () => order.length > 0 || (await refused()));
  ready.resolve();
  expect(await answer).toEqual(['done']);
  await stopped;
  expect(order).toEqual(['answered', 'ended']);
});
