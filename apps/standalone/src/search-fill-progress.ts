import type { FillProgress } from '@parley/embedded';
import { type Logger, readGauge } from '@parley/runtime';
import type { Registry } from 'prom-client';

const LOGGED_EVERY_MS = 10_000;

/** Makes a function that reports, in log and metrics, how far a new version's search table is filled. */
export function searchFillProgress(registry: Registry, logger: Logger): (progress: FillProgress) => void {
  let filled = 0;
  const told = {
    name: 'parley_search_rebuild_documents',
    help: 'Messages in the search table that is being filled; 0 while none is',
  };
  readGauge({ ...told, registry }, () => filled);
  let loggedAt = Number.NEGATIVE_INFINITY;
  return ({ documents, running }) => {
    filled = running ? documents : 0;
    const now = performance.now();
    if (running && now - loggedAt < LOGGED_EVERY_MS) return;
    loggedAt = now;
    logger.info({ documents }, running ? 'filling a new search table' : 'searches read a new table');
  };
}
