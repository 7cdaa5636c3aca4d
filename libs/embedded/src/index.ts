import { EmbeddedCounters } from './counters.ts';
import { openDatabase } from './database.ts';
import { EmbeddedLog } from './event-log.ts';
import { KeptKeys } from './kept-keys.ts';
import { EmbeddedNumbering } from './numbering.ts';
import { EmbeddedSearch } from './search.ts';
import { EmbeddedStore } from './store.ts';

export { DataDirInUse } from './database.ts';

export interface EmbeddedOptions {
  /** The folder of the database; made if missing, locked while open. */
  readonly dataDir: string;
  /** Bytes that events may take in memory while they wait for their commit; more is refused. */
  readonly queueBytesMax?: number;
  /** Milliseconds since 1970, UTC. */
  readonly now?: () => number;
  /** Sequences whose counter is kept in memory; about twice as many at most. */
  readonly countersKept?: number;
}

const QUEUE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * All ports in one SQLite file, for one process: a first look, a laptop, tests, a small installation. Keeps every
 * promise of the distributed system. Throws DataDirInUse.
 */
export function openEmbedded({
  dataDir,
  queueBytesMax = QUEUE_BYTES_MAX,
  now = Date.now,
  countersKept,
}: EmbeddedOptions) {
  const database = openDatabase(dataDir);
  const keys = new KeptKeys(database, now);
  const numbering = new EmbeddedNumbering(keys, now, countersKept);
  const log = new EmbeddedLog(queueBytesMax, numbering);
  const store = new EmbeddedStore(database, keys, now);
  const search = new EmbeddedSearch(database);
  let closed: Promise<void> | undefined;
  const close = async () => {
    await log.stop();
    database.close(true); // finalizes all statements; while one is left, SQLite keeps the file open and locked
  };
  return {
    numbering,
    log,
    store,
    search,
    counters: new EmbeddedCounters(),
    /** Commits what waits and closes the file. May be called again. */
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}
