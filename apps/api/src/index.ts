export type { ApiParts } from './parts.ts';
export { apiRoutes } from './routes.ts';
