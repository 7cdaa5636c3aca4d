/** The paths of the contract in Elysia's syntax, below the base path. If two match, the first one is used. */
export const BASE_PATH = '/api';

export const PATHS = {
  applications: '/applications',
  application: '/applications/:token',
  chats: '/applications/:token/chats',
  chat: '/applications/:token/chats/:number',
  messages: '/applications/:token/chats/:number/messages',
  /** A literal segment wins over a parameter: `batch` is not read as a message's number. */
  batch: '/applications/:token/chats/:number/messages/batch',
  message: '/applications/:token/chats/:number/messages/:message',
  search: '/applications/:token/chats/:number/search',
} as const;

export type Path = (typeof PATHS)[keyof typeof PATHS];
