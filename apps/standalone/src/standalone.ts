import { apiRoutes } from '@parley/api';
import { openEmbedded } from '@parley/embedded';
import { Access, startProgram } from '@parley/http';
import { ingestRoutes } from '@parley/ingest';
import { adminKeysOf, diskMetrics, limitsOf } from '@parley/runtime';
import { PurgeJob, RetentionJob, rejectedEvents, StoreConsumer } from '@parley/worker';
import { commandSocket } from './command-socket.ts';
import type { standaloneConfig } from './config.ts';
import { diskOf } from './disk.ts';
import { noDeadLetters } from './no-dead-letters.ts';
import { searchFillProgress } from './search-fill-progress.ts';
import { serve } from './serve.ts';

/** Starts ingest, api and worker in one process, on one SQLite file. */
export function startStandalone(config: ReturnType<typeof standaloneConfig>) {
  return startProgram(
    'standalone',
    config,
    async ({ logger, registry }) => {
      const embedded = openEmbedded({
        dataDir: config.DATA_DIR,
        queueBytesMax: config.QUEUE_BYTES_MAX,
        feedWindow: { ms: config.LIVE_WINDOW_S * 1_000, bytes: config.LIVE_WINDOW_BYTES },
        onSearchFill: searchFillProgress(registry, logger),
      });
      const { numbering, log, store, search, counters, purge, keys, hints, figures } = embedded;
      diskMetrics(registry, () => diskOf(config.DATA_DIR));
      const onRejected = rejectedEvents(registry, logger);
      const consumer = new StoreConsumer({ source: log, store, counters, onRejected, logger, registry });
      const { PURGE_SHARE: share, RETENTION_PATTERN: pattern } = config;
      const purging = new PurgeJob({ purge, partitions: 1, numbering, logger, registry, share });
      const retention = new RetentionJob({ purge, events: log, partitions: 1, logger, pattern, share });
      const adminKeys = adminKeysOf(config);
      const access = new Access({ keys, hints, adminKeys, defaults: limitsOf(config), logger, registry });
      await access.start();
      await consumer.start();
      purging.start();
      retention.start();
      const commands = commandSocket(config, embedded, logger);
      return {
        checks: { store: () => store.ping() },
        pages: { behindProxy: false, publicUrl: config.PUBLIC_URL },
        access,
        figures,
        routes: [
          ...ingestRoutes({ numbering, log, store, partitions: 1, logger, registry }),
          ...apiRoutes({
            ...{ store, events: log, numbering, index: search, counters, logger },
            ...{ keys, hints, userTokens: access.userTokens, figures, deadLetters: noDeadLetters },
          }),
        ],
        stop: async () => {
          await commands?.stop();
          await consumer.stop();
          await Promise.all([purging.stop(), retention.stop(), access.stop()]);
          await embedded.close();
        },
      };
    },
    async (app, logger, cors) =>
      serve((request) => app.fetch(request), {
        host: config.HOST,
        port: config.PORT,
        allowedHosts: config.ALLOWED_HOSTS,
        requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
        cors,
        logger,
      }),
  );
}
