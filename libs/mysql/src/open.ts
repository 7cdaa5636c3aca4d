import { join } from 'node:path';
import type { Ledger, Store } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { MysqlLedger } from './ledger/ledger.ts';
import { migrate } from './migrate.ts';
import { settlePartitions } from './partitioning.ts';
import { Pool } from './pool.ts';
import { MysqlStore, refusing } from './store.ts';

export interface MysqlOptions {
  /** `mysql://user:password@host:port/database`. The database must exist; `migrate` makes its tables. */
  readonly url: string;
  /** Connections for reads and changes. Default 8. */
  readonly readers?: number;
  /** Connections for batches of events. Default 4. */
  readonly writers?: number;
  /** How long one statement of a read or change may take, in milliseconds. Default 1,500. */
  readonly readTimeoutMs?: number;
  /** How long one statement of a batch, or of the ledger, may take, in milliseconds. Default 10,000. */
  readonly writeTimeoutMs?: number;
  readonly logger?: Logger;
}

export interface Mysql {
  readonly store: Store;
  readonly ledger: Ledger;
  /** Brings the tables up to date, one process at a time. */
  migrate(): Promise<void>;
  /** Notes the number of partitions, or throws WrongPartitions where it is another than before. */
  settlePartitions(partitions: number): Promise<void>;
  close(): Promise<void>;
}

const MIGRATIONS = join(import.meta.dir, '../drizzle');
const CONNECT_TIMEOUT_MS = 2_000;
const ACQUIRE_TIMEOUT_MS = 1_000;
const WAITING_MAX = 2_000;
const LEDGER_CONNECTIONS = 4;
/** A writer that froze inside a transaction would keep its locks: the server ends its session soon. */
const WRITER_IDLE = ['wait_timeout = 10'];

/** Connects when something is asked for. */
export function openMysql(options: MysqlOptions): Mysql {
  const connection = connectionOf(options.url);
  const { readers = 8, writers = 4, readTimeoutMs = 1_500, writeTimeoutMs = 10_000 } = options;
  const waiting = { acquireTimeoutMs: ACQUIRE_TIMEOUT_MS, waitingMax: WAITING_MAX };
  const writing = { connection, statementTimeoutMs: writeTimeoutMs, variables: WRITER_IDLE, ...waiting };
  const pools = {
    writers: new Pool({ ...writing, size: writers }),
    readers: new Pool({ connection, statementTimeoutMs: readTimeoutMs, variables: [], ...waiting, size: readers }),
    ledger: new Pool({ ...writing, size: LEDGER_CONNECTIONS }),
  };
  return {
    store: new MysqlStore(pools.writers, pools.readers),
    ledger: new MysqlLedger(pools.ledger),
    migrate: () => refusing(migrate({ connection, statementTimeoutMs: writeTimeoutMs, variables: [] }, MIGRATIONS)),
    settlePartitions: (partitions) => refusing(settlePartitions(pools.writers, partitions)),
    close: async () => {
      await Promise.all(Object.values(pools).map((pool) => pool.close()));
    },
  };
}

/** Throws RangeError for a URL that is not of the form. */
function connectionOf(url: string) {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== 'mysql:' || parsed.pathname.length < 2) {
    throw new RangeError('the URL of MySQL must be mysql://user:password@host:port/database');
  }
  return {
    host: parsed.hostname,
    port: Number(parsed.port || 3306),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    connectTimeout: CONNECT_TIMEOUT_MS,
  };
}
