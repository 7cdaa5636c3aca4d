/** The paths of the contract in Elysia's syntax, under the base path. Of two that match, the first one counts. */
export const BASE_PATH = '/api';

export const PATHS = {
  applications: '/applications',
  application: '/applications/:token',
  chats: '/applications/:token/chats',
  chat: '/applications/:token/chats/:number',
  messages: '/applications/:token/chats/:number/messages',
  /** A literal segment wins over a parameter: this is no message. */
  batch: '/applications/:token/chats/:number/messages/batch',
  message: '/applications/:token/chats/:number/messages/:message',
  search: '/applications/:token/chats/:number/search',
} as const;

export type Path = (typeof PATHS)[keyof typeof PATHS];
