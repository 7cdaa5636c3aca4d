/**
 * The paths of the API in Elysia's syntax, below the base path. If two of them match an address, the first one counts.
 */

export const BASE_PATH = '/api';

export const PATHS = {
  applications: '/applications',
  application: '/applications/:token',
  chats: '/applications/:token/chats',
  chat: '/applications/:token/chats/:number',
  messages: '/applications/:token/chats/:number/messages',
  /** Must be before `message`, which matches it too: `batch` is not a message's number. */
  batch: '/applications/:token/chats/:number/messages/batch',
  message: '/applications/:token/chats/:number/messages/:message',
  search: '/applications/:token/chats/:number/search',
} as const;

export type Path = (typeof PATHS)[keyof typeof PATHS];
