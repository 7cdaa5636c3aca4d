/** How clients see and change the limits of an application. */
import type { Application, ApplicationChange } from '@parley/domain';

interface LimitsInput {
  readonly retention_days?: number | null;
  readonly messages_per_second?: number | null;
  readonly requests_per_second?: number | null;
  readonly creates_in_flight?: number | null;
  readonly live_connections?: number | null;
}

/** Null goes back to the installation's default. */
export function limitsChange(input: LimitsInput): ApplicationChange {
  return {
    retentionDays: input.retention_days,
    limits: {
      messagesPerSecond: input.messages_per_second,
      requestsPerSecond: input.requests_per_second,
      createsInFlight: input.creates_in_flight,
      liveConnections: input.live_connections,
    },
  };
}

/** Those that the application has itself. */
export function limitsView({ retentionDays, limits = {} }: Pick<Application, 'retentionDays' | 'limits'>) {
  const { messagesPerSecond, requestsPerSecond, createsInFlight, liveConnections } = limits;
  return {
    ...(retentionDays !== undefined && { retention_days: retentionDays }),
    ...(messagesPerSecond !== undefined && { messages_per_second: messagesPerSecond }),
    ...(requestsPerSecond !== undefined && { requests_per_second: requestsPerSecond }),
    ...(createsInFlight !== undefined && { creates_in_flight: createsInFlight }),
    ...(liveConnections !== undefined && { live_connections: liveConnections }),
  };
}
