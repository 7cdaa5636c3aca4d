import type { RejectionReason } from '@parley/domain';

/** Counts since the start of the process, for its metrics. */
export interface RabbitmqStats {
  eventsPublished: number;
  envelopesPublished: number;
  /** Envelopes that RabbitMQ refused or returned, or whose connection was lost before the confirm. */
  envelopesFailed: number;
  /** Events whose confirm did not come in time. */
  eventsLate: number;
  fences: number;
  deliveries: number;
  redeliveries: number;
  batches: number;
  batchesRetried: number;
  /** Open connections that ended, whichever side closed them. */
  connectionsLost: number;
  readonly deadLetters: Record<RejectionReason, number>;
}

export function newStats(): RabbitmqStats {
  return {
    eventsPublished: 0,
    envelopesPublished: 0,
    envelopesFailed: 0,
    eventsLate: 0,
    fences: 0,
    deliveries: 0,
    redeliveries: 0,
    batches: 0,
    batchesRetried: 0,
    connectionsLost: 0,
    deadLetters: { collision: 0, 'unknown-owner': 0, late: 0, rejected: 0, malformed: 0 },
  };
}
