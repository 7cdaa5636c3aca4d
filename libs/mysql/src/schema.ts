import {
  bigint,
  binary,
  customType,
  datetime,
  index,
  int,
  json,
  mysqlTable,
  primaryKey,
  tinyint,
  varchar,
} from 'drizzle-orm/mysql-core';

/**
 * The tables. Natural keys only: a page of a chat is one range of the clustered key, no id of the database exists that
 * could leave the system, and a row that comes twice is refused by the key itself.
 *
 * `bun run generate` turns changes here into a migration. The statements that run are written by hand (drizzle's query
 * builder halves the insert and page rates, and its errors carry data); the tests compare this file with the database.
 */

/** Text that comes back byte for byte, whatever the database's own character set is. Lengths are in code points. */
const text = customType<{ data: string; config: { length: number } }>({
  dataType: (config) => `varchar(${config?.length}) character set utf8mb4 collate utf8mb4_0900_bin`,
});
/** 16 bytes: a token or an event's id. */
const id = (name: string) => binary(name, { length: 16 });
const number = (name: string) => bigint(name, { mode: 'number', unsigned: true });
/** UTC with milliseconds. */
const time = (name: string) => datetime(name, { mode: 'date', fsp: 3 });

export const applications = mysqlTable('applications', {
  token: id('token').primaryKey(),
  name: text('name', { length: 255 }).notNull(),
  /** Exact as of the generation `flushed` of counter_generations. */
  chatsCount: number('chats_count').notNull().default(0),
  eventId: id('event_id').notNull(),
  createdAt: time('created_at').notNull(),
  updatedAt: time('updated_at').notNull(),
});

export const chats = mysqlTable(
  'chats',
  {
    token: id('token').notNull(),
    number: number('number').notNull(),
    name: text('name', { length: 255 }).notNull(),
    /** Exact as of the generation `flushed` of counter_generations. */
    messagesCount: number('messages_count').notNull().default(0),
    eventId: id('event_id').notNull(),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.token, table.number] })],
);

export const messages = mysqlTable(
  'messages',
  {
    token: id('token').notNull(),
    chatNumber: number('chat_number').notNull(),
    number: number('number').notNull(),
    content: text('content', { length: 10_000 }).notNull(),
    eventId: id('event_id').notNull(),
    /** Counts the updates, from 1: the version of the document in the search index. */
    version: int('version', { unsigned: true }).notNull().default(1),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.token, table.chatNumber, table.number] })],
);

/**
 * One row for each transaction that wrote messages or chats, committed with them: what the search index and the counts
 * are derived from. Deleted once it is indexed and counted; it is counted once `flushed` has reached its generation.
 */
export const batches = mysqlTable(
  'batches',
  {
    id: bigint('id', { mode: 'number', unsigned: true }).primaryKey().autoincrement(),
    /** The counter generation that its rows belong to; 0 where they were counted before (an update). */
    generation: number('generation').notNull(),
    /** The messages: [[token, [[chat, first, last], …]], …]. */
    messages: json('messages').notNull(),
    /** The chats that are new, by application: [[token, count], …]. */
    chats: json('chats').notNull(),
    /** How many messages the ranges hold. */
    documents: int('documents', { unsigned: true }).notNull(),
    indexed: tinyint('indexed').notNull().default(0),
    createdAt: time('created_at').notNull(),
  },
  (table) => [
    index('batches_indexed').on(table.indexed, table.id),
    index('batches_generation').on(table.generation, table.id),
  ],
);

/**
 * Two rows. `open`: the generation to which new batches belong. `flushed`: the last one that is summed into the counts.
 * Two rows rather than two columns, so that recording a sum never waits for those who hold `open`.
 */
export const counterGenerations = mysqlTable('counter_generations', {
  name: varchar('name', { length: 16 }).primaryKey(),
  generation: number('generation').notNull(),
});

/** Creates that came with an Idempotency-Key. `scope` is the application's token, 16 zero bytes for applications. */
export const idempotency = mysqlTable(
  'idempotency',
  {
    scope: id('scope').notNull(),
    keyHash: binary('key_hash', { length: 32 }).notNull(),
    bodyHash: binary('body_hash', { length: 32 }).notNull(),
    eventId: id('event_id').notNull(),
    /** The token of the application that was created, or in which something was. */
    token: id('token').notNull(),
    /** The first number that was created; 0 for an application. */
    first: number('first').notNull(),
    epoch: number('epoch').notNull(),
    at: time('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.scope, table.keyHash] }), index('idempotency_at').on(table.at)],
);

/** One row: into how many partitions the applications are divided, for ever. */
export const partitioning = mysqlTable('partitioning', {
  id: tinyint('id').primaryKey(),
  partitions: int('partitions', { unsigned: true }).notNull(),
});

/** The epoch of the numbering in each partition; no row before the first. */
export const epochs = mysqlTable('epochs', {
  partitionNumber: int('partition_number', { unsigned: true }).primaryKey(),
  epoch: number('epoch').notNull(),
  oldest: number('oldest').notNull(),
});

/** The search indices to which the indexer writes: two of them while one is rebuilt. */
export const searchIndices = mysqlTable('search_indices', {
  name: varchar('name', { length: 255 }).primaryKey(),
  createdAt: time('created_at').notNull(),
});
