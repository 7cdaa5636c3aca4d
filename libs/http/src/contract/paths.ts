/**
 * The paths of the API in Elysia's syntax, below the base path. If two of them match an address, the first one counts.
 */

export const BASE_PATH = '/api';

export const PATHS = {
  applications: '/applications',
  application: '/applications/:token',
  limits: '/applications/:token/limits',
  keys: '/applications/:token/keys',
  key: '/applications/:token/keys/:key_id',
  sessions: '/applications/:token/sessions',
  applicationSearch: '/applications/:token/search',
  chats: '/applications/:token/chats',
  chat: '/applications/:token/chats/:number',
  messages: '/applications/:token/chats/:number/messages',
  /** Must be before `message`, which matches it too: `batch` is not a message's number. */
  batch: '/applications/:token/chats/:number/messages/batch',
  message: '/applications/:token/chats/:number/messages/:message',
  search: '/applications/:token/chats/:number/search',
  reads: '/applications/:token/chats/:number/reads',
  read: '/applications/:token/chats/:number/reads/:user_id',
  adminPrograms: '/admin/programs',
  adminApplications: '/admin/applications',
  adminDeadLetters: '/admin/dead-letters',
  adminReplay: '/admin/dead-letters/replay',
} as const;

/** A parameter in a path. */
export const PATH_PARAMETER = /:([a-z_]+)/g;

export type Path = (typeof PATHS)[keyof typeof PATHS];
