/**
 * The tables of the one SQLite file; migrations are generated from here (`bun run generate` in libs/embedded). Times
 * are milliseconds since 1970, UTC. `event_id` is the event that wrote the row, in hexadecimal.
 */
import { sql } from 'drizzle-orm';
import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const applications = sqliteTable(
  'applications',
  {
    token: text().primaryKey(),
    name: text().notNull(),
    chatsCount: integer('chats_count').notNull().default(0),
    eventId: text('event_id').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** The client's own data, as compact JSON. */
    metadata: text(),
    /** 1, and one more with each change of the row. */
    version: integer().notNull().default(1),
    /** When the row was deleted: its contents are erased then. */
    deletedAt: integer('deleted_at'),
    /** Messages that were accepted more than so many days ago are removed. */
    retentionDays: integer('retention_days'),
    /** Limits; null: the installation's default. */
    messagesPerSecond: integer('messages_per_second'),
    requestsPerSecond: integer('requests_per_second'),
    createsInFlight: integer('creates_in_flight'),
    liveConnections: integer('live_connections'),
    /** When a limit was last changed. */
    limitsChangedAt: integer('limits_changed_at'),
  },
  (table) => [
    index('applications_retained').on(table.token).where(sql`retention_days IS NOT NULL`),
    index('applications_limits').on(table.limitsChangedAt).where(sql`limits_changed_at IS NOT NULL`),
  ],
);

/** One row. `keyed` is 1 if every request needs a credential. */
export const access = sqliteTable('access', { id: integer().primaryKey(), keyed: integer().notNull() });

/** Secret keys of applications and admin keys (`token` is empty), by their hashes. Revoked ones stay. */
export const accessKeys = sqliteTable(
  'access_keys',
  {
    id: text().primaryKey(),
    token: text().notNull(),
    name: text().notNull(),
    /** SHA-256 of the key's text, in hexadecimal. */
    hash: text().notNull(),
    /** Separated by spaces. */
    scopes: text().notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    lastUsedAt: integer('last_used_at'),
    revokedAt: integer('revoked_at'),
  },
  (table) => [
    uniqueIndex('access_keys_hash').on(table.hash),
    index('access_keys_token').on(table.token, table.createdAt),
    index('access_keys_revoked').on(table.revokedAt).where(sql`revoked_at IS NOT NULL`),
  ],
);

/** Key pairs that sign user tokens, as JSON Web Keys. The newest one signs. */
export const signingKeys = sqliteTable('signing_keys', {
  kid: text().primaryKey(),
  publicKey: text('public_key').notNull(),
  privateKey: text('private_key').notNull(),
  createdAt: integer('created_at').notNull(),
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
    metadata: text(),
    version: integer().notNull().default(1),
    deletedAt: integer('deleted_at'),
    /** Messages up to this number were removed, or are about to be: they are hidden. */
    purgedThrough: integer('purged_through').notNull().default(0),
    /** The highest number of a message that is not deleted; 0 if there is none. Set a little later than the message. */
    lastNumber: integer('last_number').notNull().default(0),
    /** When that message was accepted, or the chat created if there is none. Null if the chat is deleted. */
    activeAt: integer('active_at'),
  },
  (table) => [
    uniqueIndex('chats_token_number').on(table.token, table.number),
    index('chats_active').on(table.token, table.activeAt, table.number),
  ],
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
  senderId: text('sender_id'),
  metadata: text(),
  /** When its number was drawn, if the client gave another time as `created_at`. */
  acceptedAt: integer('accepted_at'),
  deletedAt: integer('deleted_at'),
});

/**
 * One row for each transaction that changed something, committed with it: a ChangeRecord as JSON. `seq` has no gap: the
 * last row is always kept, so the next one follows it. `bytes`: the size of all rows up to this one, also of those that
 * are gone.
 */
export const feed = sqliteTable('feed', {
  seq: integer().primaryKey(),
  at: integer().notNull(),
  record: text().notNull(),
  bytes: integer().notNull(),
});

/**
 * One row. `low`: rows of `feed` up to this one may be gone. `activity`: those up to this one are in the inbox.
 * `indexed`: the messages of those up to this one are in the search tables.
 */
export const feedState = sqliteTable('feed_state', {
  id: integer().primaryKey(),
  low: integer().notNull(),
  activity: integer().notNull(),
  indexed: integer().notNull().default(0),
});

/**
 * Deleted applications (`chat` is 0) and chats whose rows are not all removed yet, and chats with messages that are too
 * old. `through`: null for all rows below, else the chat's messages up to this number.
 */
export const purges = sqliteTable(
  'purges',
  {
    token: text().notNull(),
    chat: integer().notNull(),
    through: integer(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.token, table.chat] }), index('purges_created_at').on(table.createdAt)],
);

/** How far users have read. */
export const reads = sqliteTable(
  'reads',
  {
    token: text().notNull(),
    chat: integer().notNull(),
    userId: text('user_id').notNull(),
    number: integer().notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.token, table.chat, table.userId] })],
);

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
export const searchFill = sqliteTable('search_fill_place', {
  id: integer().primaryKey(),
  chatId: integer('chat_id').notNull(),
  number: integer().notNull(),
});

/** A row of 64 KiB that is written to test whether a full disk has room again. */
export const writeProbe = sqliteTable('write_probe', { id: integer().primaryKey(), filler: blob().notNull() });
