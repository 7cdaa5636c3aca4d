export { application, chat, messages } from './events.ts';
export {
  advanceAll,
  flushAll,
  type OwnDatabase,
  ownDatabase,
  PARTITIONS,
  pruneAll,
  rootConnection,
} from './own-database.ts';
