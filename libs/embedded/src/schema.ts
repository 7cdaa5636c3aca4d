/**
 * The tables of the one SQLite file; migrations are generated from here (`bun run generate` in libs/embedded). Times
 * are milliseconds since 1970, UTC. `event_id` is the event that wrote the row, in hexadecimal.
 */
import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const applications = sqliteTable('applications', {
  token: text().primaryKey(),
  name: text().notNull(),
  chatsCount: integer('chats_count').notNull().default(0),
  eventId: text('event_id').notNull(),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
});

/** `id` is short and never leaves the file. It is the upper part of the ids of the chat's messages. */
export const chats = sqliteTable(
  'chats',
  {
    id: integer().primaryKey(),
    token: text().notNull(),
    number: integer().notNull(),
    name: text().notNull(),
    messagesCount: integer('messages_count').notNull().default(0),
    eventId: text('event_id').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [uniqueIndex('chats_token_number').on(table.token, table.number)],
);

/**
 * `id` = chat id * 2^34 + number, also in the search tables. So a page of a chat is one range of either. An id can
 * exceed 2^53, where JavaScript is not exact, so only SQL computes with it.
 */
export const messages = sqliteTable('messages', {
  id: integer().primaryKey(),
  content: text().notNull(),
  eventId: text('event_id').notNull(),
  version: integer().notNull().default(1),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
});

/**
 * Stored creates with an idempotency key. `scope`: the application's token, or `applications` for a new one. Hashes are
 * SHA-256 in hexadecimal.
 */
export const idempotency = sqliteTable(
  'idempotency',
  {
    scope: text().notNull(),
    keyHash: text('key_hash').notNull(),
    bodyHash: text('body_hash').notNull(),
    token: text().notNull(),
    first: integer().notNull(),
    eventId: text('event_id').notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.scope, table.keyHash] }), index('idempotency_at').on(table.at)],
);

/** One row while older messages are added to a new search table: the last message added. No row: it has all. */
export const searchFill = sqliteTable('search_fill', {
  id: integer().primaryKey(),
  chatId: integer('chat_id').notNull(),
  number: integer().notNull(),
});

/** A row of 64 KiB that is written to test whether a full disk has room again. */
export const writeProbe = sqliteTable('write_probe', { id: integer().primaryKey(), filler: blob().notNull() });
