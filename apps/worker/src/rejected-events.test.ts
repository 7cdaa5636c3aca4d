import { expect, test } from 'bun:test';
import { type Event, newEventId, newToken, REJECTION_REASONS } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { Registry } from 'prom-client';
import { rejectedEvents } from './rejected-events.ts';

const event: Event = {
  ...{ type: 'messages', id: newEventId(), epoch: 1, at: 1, token: newToken(), chat: 1, first: 1 },
  contents: ['what nobody but its chat may read'],
};

function opened() {
  const registry = new Registry();
  const lines: unknown[] = [];
  const logger = { error: (...line: unknown[]) => lines.push(line) } as unknown as Logger;
  const values = async () => {
    const { values = [] } = (await registry.getSingleMetric('parley_rejected_events_total')?.get()) ?? {};
    return Object.fromEntries(values.map(({ labels, value }) => [labels.reason, value]));
  };
  return { told: rejectedEvents(registry, logger), lines, values };
}

test('every reason is shown as 0 from the start', async () => {
  const { values } = opened();
  expect(await values()).toEqual(Object.fromEntries(REJECTION_REASONS.map((reason) => [reason, 0])));
});

test('a rejection is counted by its reason and logged, without what was written', async () => {
  const { told, lines, values } = opened();
  told({ event, reason: 'late', detail: 'another epoch' });
  expect(await values()).toMatchObject({ late: 1, 'unknown-owner': 0 });
  expect(lines).toEqual([
    [{ reason: 'late', detail: 'another epoch', eventId: event.id, type: 'messages' }, 'event rejected'],
  ]);
});
