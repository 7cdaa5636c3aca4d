import { expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { EventRejected, newEventId, newToken, type Rejection } from '@parley/domain';
import { openEmbedded } from '@parley/embedded';
import { createLogger, createRegistry } from '@parley/runtime';
import { publishTo } from '@parley/testing';
import { rejectedEvents, StoreConsumer } from '@parley/worker';
import { temporaryFolder } from '../support/system.ts';

test('an event that the store rejects fails its create, and is reported to the operator', async () => {
  const dataDir = await temporaryFolder();
  const logger = createLogger('test', 'silent');
  const registry = createRegistry('test');
  const { log, store, counters, close } = openEmbedded({ dataDir, queueBytesMax: 1024 * 1024 });
  const told: Rejection[] = [];
  const count = rejectedEvents(registry, logger);
  const onRejected = (rejection: Rejection) => {
    told.push(rejection);
    count(rejection);
  };
  const consumer = new StoreConsumer({ source: log, store, counters, onRejected, logger, registry });
  try {
    await consumer.start();
    const [id, token] = [newEventId(), newToken()];
    const event = { type: 'chat', id, epoch: 1, at: Date.now(), token, number: 1, name: 'of nobody' } as const;
    const answer = await publishTo(log, event).catch((error: unknown) => error);
    expect(answer).toBeInstanceOf(EventRejected);
    expect(told).toMatchObject([{ event: { id }, reason: 'unknown-owner' }]);
    expect(await registry.metrics()).toContain('parley_rejected_events_total{reason="unknown-owner",program="test"} 1');
  } finally {
    await consumer.stop();
    await close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
