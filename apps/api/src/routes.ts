import { routesOf } from '@parley/http';
import { accessHandlers } from './access-handlers.ts';
import { adminHandlers } from './admin-handlers.ts';
import { applicationHandlers } from './application-handlers.ts';
import { chatHandlers } from './chat-handlers.ts';
import { messageHandlers } from './message-handlers.ts';
import type { ApiParts } from './parts.ts';
import { searchHandlers } from './search-handlers.ts';

/** The routes that read, update and search, those of keys and user tokens, and the operator's. */
export function apiRoutes(parts: ApiParts) {
  return routesOf('api', {
    ...applicationHandlers(parts),
    ...chatHandlers(parts),
    ...messageHandlers(parts),
    ...searchHandlers(parts),
    ...accessHandlers(parts),
    ...adminHandlers(parts),
  });
}
