import { BASE_PATH } from '@parley/http';
import { Elysia } from 'elysia';
import { applicationRoutes } from './application-routes.ts';
import { chatRoutes } from './chat-routes.ts';
import { messageRoutes } from './message-routes.ts';
import type { ApiParts } from './parts.ts';
import { searchRoutes } from './search-routes.ts';

/** Elysia plugin: reads, updates and search. */
export function apiRoutes(parts: ApiParts) {
  return new Elysia({ name: 'parley-api', prefix: BASE_PATH })
    .use(applicationRoutes(parts))
    .use(chatRoutes(parts))
    .use(messageRoutes(parts))
    .use(searchRoutes(parts));
}
