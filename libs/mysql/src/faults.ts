import { Unavailable } from '@parley/domain';

/**
 * Failures of the database, sorted by what the caller should do. A driver's error contains the statement and its data,
 * so it must not leave this package: a DatabaseFault has only the error's code.
 */

/**
 * `duplicate`: a row with this key exists. `value`: the server refuses the data for good. `refused`: the terms of a
 * commit do not hold (commit.ts). `contention`: a lock was not free, a retry may succeed. `disconnected`: the
 * connection was lost. `outage`: anything else.
 */
export type FaultKind = 'duplicate' | 'value' | 'refused' | 'contention' | 'disconnected' | 'outage';

export class DatabaseFault extends Error {
  override readonly name = 'DatabaseFault';
  constructor(
    readonly kind: FaultKind,
    /** The driver's or the server's name for the error, e.g. ER_DATA_TOO_LONG, or one of our own. */
    readonly code: string,
  ) {
    super(`The database reported ${code}.`);
  }
}

const DUPLICATE = 1062;
/**
 * A column that cannot be NULL. We insert NULL only as a batch's `seq`, to make a commit fail whose terms do not hold.
 */
const NULL_REFUSED = 1048;
/**
 * Error codes: lock wait timeout, deadlock, lock not free at once. The transaction is rolled back or must be, and a
 * retry may succeed.
 */
const CONTENTION = new Set([1205, 1213, 3572]);
/**
 * Error codes of refused data, besides the SQL states 22 (data), 23 (constraint) and 45 (raised by a trigger). Only
 * these reject an event for its values. After any other error it must be tried again later.
 */
const REFUSED = new Set([1118, 1153, 1265, 1300, 1366, 3819, 3988]);
/** Error codes: the server has shut down properly, or has closed our connection. */
const CUT_OFF = new Set([1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 4031]);

export function faultOf(error: unknown): DatabaseFault {
  if (error instanceof DatabaseFault) return error;
  const { code, errno, sqlState, fatal } = (error ?? {}) as {
    code?: string;
    errno?: number;
    sqlState?: string;
    fatal?: boolean;
  };
  const name = typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown error';
  return new DatabaseFault(kindOf(errno, sqlState, fatal ?? false, name), name);
}

function kindOf(errno: number | undefined, state: string | undefined, fatal: boolean, code: string): FaultKind {
  if (code === 'PROTOCOL_SEQUENCE_TIMEOUT') return 'outage';
  if (errno === undefined || fatal || CUT_OFF.has(errno) || code.startsWith('PROTOCOL_')) return 'disconnected';
  if (errno === DUPLICATE) return 'duplicate';
  if (errno === NULL_REFUSED) return 'refused';
  if (CONTENTION.has(errno)) return 'contention';
  if (REFUSED.has(errno) || /^(22|23|45)/.test(state ?? '')) return 'value';
  return 'outage';
}

/**
 * Turns a fault into the error for a caller of the store: Unavailable, or the fault itself if the data is wrong or
 * exists already. Other errors stay as they are.
 */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof DatabaseFault) || error.kind === 'value' || error.kind === 'duplicate') return error;
  return new Unavailable('store', 'The database is away or too slow.', { cause: error });
}

/** Resolves as `work` does. If it rejects, rejects with the error that refusalOf makes of it. */
export async function refusing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusalOf(error);
  }
}
