import { routesOf } from '@parley/http';
import { applicationHandlers } from './application-handlers.ts';
import { chatHandlers } from './chat-handlers.ts';
import { messageHandlers } from './message-handlers.ts';
import type { ApiParts } from './parts.ts';
import { searchHandlers } from './search-handlers.ts';

/** The routes that read, update and search. */
export function apiRoutes(parts: ApiParts) {
  return routesOf('api', {
    ...applicationHandlers(parts),
    ...chatHandlers(parts),
    ...messageHandlers(parts),
    ...searchHandlers(parts),
  });
}
