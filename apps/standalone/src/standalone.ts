import { apiRoutes } from '@parley/api';
import { openEmbedded } from '@parley/embedded';
import { docs, type HttpServer, observability, operations, Readiness } from '@parley/http';
import { ingestRoutes } from '@parley/ingest';
import { createLogger, createRegistry } from '@parley/runtime';
import { StoreConsumer } from '@parley/worker';
import { Elysia } from 'elysia';
import type { standaloneConfig } from './config.ts';
import { serveNode } from './node-server.ts';

/** The three apps in one process on the embedded drivers. */
export async function startStandalone(config: ReturnType<typeof standaloneConfig>) {
  const logger = createLogger('standalone', config.LOG_LEVEL);
  const registry = createRegistry('standalone');
  const embedded = openEmbedded({ dataDir: config.DATA_DIR, queueBytesMax: config.QUEUE_BYTES_MAX });
  const { numbering, log, store, search, counters } = embedded;
  const consumer = new StoreConsumer({ source: log, store, counters, logger, registry });
  const readiness = new Readiness({ store: () => store.ping() });
  const app = new Elysia()
    .use(observability({ logger, registry }))
    .use(operations({ readiness, registry }))
    .use(docs())
    .use(ingestRoutes({ numbering, log, store, logger, registry }))
    .use(apiRoutes({ store, log, index: search, counters, logger }));
  await consumer.start();
  const server: HttpServer = await serveNode((request) => app.fetch(request), { host: config.HOST, port: config.PORT });
  logger.info({ port: server.port, dataDir: config.DATA_DIR }, 'ready');
  return {
    logger,
    port: server.port,
    app,
    stopTimeoutMs: config.STOP_TIMEOUT_MS,
    stop: async () => {
      readiness.stopping = true;
      await Bun.sleep(config.DRAIN_MS);
      await server.stop(config.STOP_TIMEOUT_MS / 2);
      await consumer.stop();
      await embedded.close();
    },
  };
}
