export { application, chat, messages } from './events.ts';
export { flushAll, type OwnDatabase, ownDatabase, PARTITIONS, rootConnection } from './own-database.ts';
