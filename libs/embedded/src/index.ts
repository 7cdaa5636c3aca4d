import type { FeedWindow } from '@parley/domain';
import { EmbeddedHints } from './access-hints.ts';
import { Activity } from './activity.ts';
import { EmbeddedCounters } from './counters.ts';
import { databaseFile, openDatabase } from './database.ts';
import { EmbeddedLog } from './event-log.ts';
import { EmbeddedFeed } from './feed.ts';
import { FeedUpkeep } from './feed-upkeep.ts';
import { EmbeddedFigures } from './figures.ts';
import { KeptKeys } from './kept-keys.ts';
import { EmbeddedKeys } from './keys.ts';
import { EmbeddedNumbering } from './numbering.ts';
import { Owners } from './owners.ts';
import { EmbeddedPurge } from './purge.ts';
import { risingClock } from './rising-clock.ts';
import { EmbeddedSearch } from './search.ts';
import { SearchBacklog } from './search-backlog.ts';
import { type FillProgress, SearchFill } from './search-fill.ts';
import { SearchTables } from './search-tables.ts';
import { EmbeddedStore } from './store.ts';
import { Writing } from './writing.ts';

export { DataDirInUse } from './folder-lock.ts';
export type { FillProgress } from './search-fill.ts';

export interface EmbeddedOptions {
  /** The folder of the database. It is created if missing, and locked until `close`. */
  readonly dataDir: string;
  /** The limit for events that wait for their commit, in bytes. Further events are refused. Default 64 MiB. */
  readonly queueBytesMax?: number;
  /** The clock, in milliseconds since 1970, UTC. Default Date.now. */
  readonly now?: () => number;
  /** The number of sequences whose counter (last number drawn) stays in memory; at most about twice as many do. */
  readonly countersKept?: number;
  /** The limit for one search, in milliseconds. Default 1,000. */
  readonly searchTimeoutMs?: number;
  /** How long entries of the feed are kept, and about how many bytes of them. Default 24 hours and 1 GiB. */
  readonly feedWindow?: FeedWindow;
  /** Called after each step while a search table of a new version is filled. */
  readonly onSearchFill?: (progress: FillProgress) => void;
}

const QUEUE_BYTES_MAX = 64 * 1024 * 1024;
const SEARCH_TIMEOUT_MS = 1_000;
const FEED_WINDOW: FeedWindow = { ms: 24 * 60 * 60 * 1_000, bytes: 1024 ** 3 };

/**
 * All ports of libs/domain in one SQLite file, for one process: a first look, a laptop, tests, a small installation.
 * Keeps every promise of the distributed system. Throws DataDirInUse if another process uses the folder.
 */
export function openEmbedded({
  dataDir,
  queueBytesMax = QUEUE_BYTES_MAX,
  now = Date.now,
  countersKept,
  searchTimeoutMs = SEARCH_TIMEOUT_MS,
  feedWindow = FEED_WINDOW,
  onSearchFill,
}: EmbeddedOptions) {
  const { database, close: closeDatabase } = openDatabase(dataDir);
  const kept = new KeptKeys(database, now);
  const owners = new Owners(database);
  const numbering = new EmbeddedNumbering(kept, owners, now, countersKept);
  const log = new EmbeddedLog(queueBytesMax, numbering);
  const tables = new SearchTables(database);
  const backlog = new SearchBacklog(database, tables);
  const feed = new EmbeddedFeed(database, now);
  const activity = new Activity(database, owners);
  const writing = new Writing(database);
  const accessNow = risingClock(now);
  const parts = { database, writing, owners, kept, tables, backlog, feed, activity, now, accessNow };
  const store = new EmbeddedStore(parts);
  const keys = new EmbeddedKeys(database, writing, accessNow);
  const purge = new EmbeddedPurge(database, owners, tables, backlog, feed, activity, now);
  const upkeep = new FeedUpkeep(feed, activity, backlog, feedWindow);
  const fill = new SearchFill(database, tables, backlog, onSearchFill);
  const search = new EmbeddedSearch(databaseFile(dataDir), tables, searchTimeoutMs, () => backlog.tryFlush());
  fill.start();
  upkeep.start();
  let closed: Promise<void> | undefined;
  const close = async () => {
    await log.stop();
    fill.stop();
    upkeep.stop();
    await search.close();
    backlog.stop();
    closeDatabase();
  };
  return {
    numbering,
    log,
    store,
    search,
    feed,
    purge,
    keys,
    hints: new EmbeddedHints(),
    figures: new EmbeddedFigures(),
    counters: new EmbeddedCounters(),
    /** Refuses new events, commits the waiting ones, and closes the file. Idempotent. */
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}
