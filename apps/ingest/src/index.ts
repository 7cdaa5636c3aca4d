export { type IngestParts, ingestRoutes } from './routes.ts';
