export { application, chat, messages } from './events.ts';
export { flushAll, type OwnDatabase, ownDatabase, rootConnection } from './own-database.ts';
