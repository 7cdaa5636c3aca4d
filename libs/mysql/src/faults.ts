import { Unavailable } from '@parley/domain';

/**
 * What goes wrong at the database, sorted by what is to be done about it. A driver's error carries the statement and its
 * data, so it ends here: what travels on is a DatabaseFault, which has its code and nothing else.
 */

/**
 * `duplicate`: a key exists. `value`: the server refuses the data for good. `refused`: the terms of a commit do not hold
 * (commit.ts). `contention`: again, it may work.
 */
export type FaultKind = 'duplicate' | 'value' | 'refused' | 'contention' | 'disconnected' | 'outage';

export class DatabaseFault extends Error {
  override readonly name = 'DatabaseFault';
  constructor(
    readonly kind: FaultKind,
    /** The driver's or the server's name for it, e.g. ER_DATA_TOO_LONG. */
    readonly code: string,
  ) {
    super(`The database reported ${code}.`);
  }
}

const DUPLICATE = 1062;
/** A column that cannot be NULL. No value of ours ever is; a commit's `seq` is where its terms fail. */
const NULL_REFUSED = 1048;
/** Lock wait timeout and deadlock: the transaction is gone or must go, the next try may pass. */
const CONTENTION = new Set([1205, 1213, 3572]);
/**
 * Refused data beyond the SQL states 22 (data), 23 (constraint) and 45 (raised by a trigger). A list of what is refused
 * for good, not of what is an outage: an error that nobody thought of must hold events back, never discard them.
 */
const REFUSED = new Set([1118, 1153, 1265, 1300, 1366, 3819, 3988]);
/** The server went away in an orderly way, or cut us off. */
const CUT_OFF = new Set([1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 4031]);

/** The fault that `error`, thrown by mysql2, stands for. */
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
 * What a caller of the store sees instead of a fault: Unavailable, or the fault itself where the data is what is wrong.
 * Errors of others (of what was called meanwhile) stay what they are.
 */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof DatabaseFault) || error.kind === 'value' || error.kind === 'duplicate') return error;
  return new Unavailable('store', 'The database is away or too slow.', { cause: error });
}
