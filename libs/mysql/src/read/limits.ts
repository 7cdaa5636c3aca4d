import { type ApplicationLimits, LIMIT_NAMES, type LimitName } from '@parley/domain';

/** An application's limits: a column for each, and what reads make of them. */

export const LIMIT_COLUMNS: Readonly<Record<LimitName, string>> = {
  messagesPerSecond: 'messages_per_second',
  requestsPerSecond: 'requests_per_second',
  createsInFlight: 'creates_in_flight',
  liveConnections: 'live_connections',
};

/** The limits in the order of LIMIT_NAMES, as a read returns them; null if none was ever set. */
export type LimitsValue = readonly (number | null)[] | null;

/** One column instead of four, and for nearly all applications it is NULL: so reads of applications cost the same. */
export function limitsColumn(table: string): string {
  const columns = LIMIT_NAMES.map((name) => `${table}.${LIMIT_COLUMNS[name]}`);
  return `IF(${table}.limits_changed_at IS NULL, NULL, JSON_ARRAY(${columns.join()})) AS limits`;
}

/** Undefined if no limit is set. */
export function toLimits(value: LimitsValue): ApplicationLimits | undefined {
  if (value === null) return undefined;
  const set = LIMIT_NAMES.flatMap((name, place) => {
    const limit = value[place] ?? null;
    return limit === null ? [] : [[name, limit] as const];
  });
  return set.length === 0 ? undefined : Object.fromEntries(set);
}
