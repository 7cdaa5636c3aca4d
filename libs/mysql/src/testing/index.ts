export { application, chat, messages } from './events.ts';
export { type OwnDatabase, ownDatabase, rootConnection } from './own-database.ts';
