import { REJECTION_REASONS, type Rejection } from '@parley/domain';
import { type Logger, Tally } from '@parley/runtime';
import type { Registry } from 'prom-client';

/** For a log without dead letters: what the store can never take is its creator's error, told here to the operator. */
export function rejectedEvents(registry: Registry, logger: Logger): (rejection: Rejection) => void {
  const total = new Tally({
    name: 'parley_rejected_events_total',
    help: 'Creates that were accepted and that the store can never take, by reason',
    registry,
  });
  // At 0 from the start: Prometheus sees no increase where a series begins.
  for (const reason of REJECTION_REASONS) total.series({ reason });
  return ({ event, reason, detail }) => {
    total.series({ reason })(1);
    logger.error({ reason, detail, eventId: event.id, type: event.type }, 'event rejected');
  };
}
