import { REJECTION_REASONS, type Rejection } from '@parley/domain';
import { type Logger, Tally } from '@parley/runtime';
import type { Registry } from 'prom-client';

/**
 * Makes a function that logs and counts an event that the store can never take. For an event log without dead letters.
 */
export function rejectedEvents(registry: Registry, logger: Logger): (rejection: Rejection) => void {
  const total = new Tally({
    name: 'parley_rejected_events_total',
    help: 'Creates that were accepted and that the store can never take, by reason',
    registry,
  });
  // Every series begins at 0, because Prometheus sees no increase when a series first appears.
  for (const reason of REJECTION_REASONS) total.series({ reason });
  return ({ event, reason, detail }) => {
    total.series({ reason })(1);
    logger.error({ reason, detail, eventId: event.id, type: event.type }, 'event rejected');
  };
}
