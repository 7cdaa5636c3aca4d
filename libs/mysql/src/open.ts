import type { Feed, KeyStore, Ledger, Purge, Store } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { MysqlKeyStore } from './access/key-store.ts';
import { lastEpoch, nextEpoch } from './epochs.ts';
import { type DatabaseFault, refusing } from './faults.ts';
import { mysqlFeed } from './feed.ts';
import { mysqlLedger } from './ledger/ledger.ts';
import { LEVEL, type OutdatedProgram, raiseLevel } from './level.ts';
import { Membership } from './membership.ts';
import { migrate, type Progress } from './migrate/migrate.ts';
import { settlePartitions } from './partitioning.ts';
import { Pool } from './pool.ts';
import { mysqlPurge } from './purge/purge.ts';
import { MysqlStore, type OnUncounted } from './store.ts';

export interface MysqlOptions {
  /**
   * `mysql://user:password@host:port/database`, with `?tls=true` for TLS. The database must exist. Its user reads and
   * writes rows.
   */
  readonly url: string;
  /** The same database, for the user of `migrate`, who may create and change tables. Default `url`. */
  readonly migrationUrl?: string | undefined;
  /** The number of partitions that the applications are divided into. */
  readonly partitions: number;
  /** The maximum number of connections for reads. Default 8. */
  readonly readers?: number;
  /** The maximum number of connections that store events. Default 4. */
  readonly writers?: number;
  /** The limit for one statement of a read or of a change of a row, in milliseconds. Default 1,500. */
  readonly readTimeoutMs?: number;
  /** The limit for one statement that stores events or serves the ledger, in milliseconds. Default 10,000. */
  readonly writeTimeoutMs?: number;
  /** Gets what a delete has taken from the counts, for the live counts (Counters). It must not reject. */
  readonly onUncounted?: OnUncounted;
  /** Gets the error code of each connection that cannot be made, at level debug. Callers get Unavailable anyway. */
  readonly logger?: Logger;
}

export interface Mysql {
  readonly store: Store;
  readonly keys: KeyStore;
  readonly ledger: Ledger;
  readonly purge: Purge;
  readonly feed: Feed;
  /** Brings the tables up to date, one process at a time. Calls `progress` about every second during long copies. */
  migrate(progress?: (progress: Progress) => void): Promise<void>;
  /** Records the number of partitions. Throws WrongPartitions if another number was recorded before. */
  settlePartitions(): Promise<void>;
  /**
   * Announces this program (`worker`, `ingest` or `api`) in the database every second until `close`. Throws
   * OutdatedProgram if newer programs have changed data that it would misread. If that happens later, calls `outdated`:
   * the program must end then.
   */
  join(name: string, outdated: (error: OutdatedProgram) => void): Promise<void>;
  /**
   * Raises all partitions to the level of this version (level.ts), unless an older program was seen within the last
   * minute.
   */
  raiseLevel(): Promise<void>;
  /** Gives out the number of a partition's next epoch: above `above` and above all before, never twice. */
  nextEpoch(partition: number, above: number): Promise<number>;
  /** The last epoch number that was given out; 0 before the first. */
  lastEpoch(partition: number): Promise<number>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2_000;
const ACQUIRE_TIMEOUT_MS = 1_000;
const WAITING_MAX = 2_000;
const CHANGE_CONNECTIONS = 2;
/** For keys alone: an unknown one is looked up at once, however many reads and changes wait. */
const KEY_CONNECTIONS = 2;
/**
 * The ledger's connections: for two indexers, the flush, the inbox, a rebuild of the search index (one holds its lock,
 * one reads), the purge and the retention, and one spare.
 */
const LEDGER_CONNECTIONS = 9;
/**
 * The server ends a session that is silent for 10 s. Else a process that froze in a transaction would hold its locks
 * for hours.
 */
const WRITING = ['wait_timeout = 10'];
/** A client waits for a change of a name or message, so it waits less for a lock than a batch of events does. */
const CHANGING = [...WRITING, 'innodb_lock_wait_timeout = 1'];
/** A statement on keys is given up after the same time as a read, so it waits no longer for a lock. */
const KEYS = ['innodb_lock_wait_timeout = 1'];
/**
 * The flush locks the partition's row to open a counter generation, and commits wait behind it. So it gives up after a
 * second: a minute later is as good.
 */
const LEDGER = ['wait_timeout = 60', 'innodb_lock_wait_timeout = 1'];

/**
 * Opens no connection before the first call. Throws RangeError for an invalid URL, or URLs of two different databases.
 */
export function openMysql(options: MysqlOptions): Mysql {
  const connection = connectionOf(options.url);
  const migrating = connectionOf(options.migrationUrl ?? options.url);
  if (migrating.database !== connection.database) {
    throw new RangeError(`migrations of ${migrating.database}, but programs on ${connection.database}`);
  }
  const { readers = 8, writers = 4, readTimeoutMs = 1_500, writeTimeoutMs = 10_000 } = options;
  const onRefused = ({ code }: DatabaseFault) => options.logger?.debug({ code }, 'no connection to the database');
  const common = { connection, acquireTimeoutMs: ACQUIRE_TIMEOUT_MS, waitingMax: WAITING_MAX, onRefused };
  const reading = { ...common, statementTimeoutMs: readTimeoutMs };
  const writing = { ...common, statementTimeoutMs: writeTimeoutMs };
  // The server stops a read when the client gives it up. Else abandoned reads would pile up in the server.
  const readVariables = [`max_execution_time = ${readTimeoutMs}`];
  const pools = {
    writers: new Pool({ ...writing, size: writers, variables: WRITING, packets: true }),
    readers: new Pool({ ...reading, size: readers, variables: readVariables }),
    changers: new Pool({ ...reading, size: CHANGE_CONNECTIONS, variables: CHANGING, packets: true }),
    keys: new Pool({ ...reading, size: KEY_CONNECTIONS, variables: [...readVariables, ...KEYS], packets: true }),
    ledger: new Pool({ ...writing, size: LEDGER_CONNECTIONS, variables: LEDGER, packets: true }),
  };
  const { partitions } = options;
  const membership = new Membership(pools.changers, partitions);
  return {
    store: new MysqlStore(pools, partitions, options.onUncounted),
    keys: new MysqlKeyStore(pools.keys),
    ledger: mysqlLedger(pools.ledger, membership, partitions),
    purge: mysqlPurge(pools.ledger, partitions, options.onUncounted),
    feed: mysqlFeed(pools.readers),
    migrate: (progress) =>
      refusing(
        migrate({ connection: migrating, statementTimeoutMs: writeTimeoutMs, variables: [] }, partitions, progress),
      ),
    settlePartitions: () => refusing(settlePartitions(pools.writers, partitions)),
    join: (name, outdated) => refusing(membership.join(name, outdated)),
    raiseLevel: () => refusing(raiseLevel(pools.changers, LEVEL)),
    nextEpoch: (partition, above) => refusing(nextEpoch(pools.changers, partition, above)),
    lastEpoch: (partition) => refusing(lastEpoch(pools.changers, partition)),
    close: async () => {
      await membership.leave();
      await Promise.all(Object.values(pools).map((pool) => pool.close()));
    },
  };
}

function connectionOf(url: string) {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== 'mysql:' || parsed.pathname.length < 2) {
    throw new RangeError('the URL of MySQL must be mysql://user:password@host:port/database');
  }
  return {
    ...tlsOf(parsed.searchParams),
    host: parsed.hostname,
    port: Number(parsed.port || 3306),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    connectTimeout: CONNECT_TIMEOUT_MS,
  };
}

/**
 * TLS with a verified certificate, if the URL's query says so. There is no way to leave the verification out. Another
 * parameter is refused: if it were ignored, `?ssl=true` would mean no TLS.
 */
function tlsOf(query: URLSearchParams) {
  for (const [name, value] of query) {
    if (name !== 'tls' || (value !== 'true' && value !== 'false')) {
      throw new RangeError('the URL of MySQL may have tls=true or tls=false in its query, and nothing else');
    }
  }
  if (query.get('tls') !== 'true') return {};
  return { ssl: { rejectUnauthorized: true, verifyIdentity: true, minVersion: 'TLSv1.2' } };
}
