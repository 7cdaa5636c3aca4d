import {
  CHANGE_KINDS,
  ID_CHARACTERS_MAX,
  KEY_NAME_CHARACTERS_MAX,
  type StoredChats,
  type StoredRanges,
  type StoredReads,
} from '@parley/domain';
import {
  bigint,
  customType,
  datetime,
  index,
  int,
  json,
  type MySqlTable,
  mysqlTable,
  primaryKey,
  smallint,
  tinyint,
  uniqueIndex,
  varchar,
} from 'drizzle-orm/mysql-core';

/**
 * The tables. They have natural keys only (tokens and numbers): a page of a chat is one range of the clustered key, no
 * database id can leave the system, and the key itself refuses a row that comes twice. The partition is first in every
 * key: a transaction belongs to one partition, and a partition can be moved to a server of its own.
 *
 * `bun run generate` turns changes here into a migration. The statements of the programs are written by hand (drizzle's
 * query builder halves the insert and page rates, and its errors contain data); the tests compare this file with the
 * database.
 */

/** Text that comes back byte for byte, whatever the database's character set is. Lengths are in code points. */
const text = customType<{ data: string; config: { length: number } }>({
  dataType: (config) => `varchar(${config?.length}) character set utf8mb4 collate utf8mb4_0900_bin`,
});
/** A user's or sender's id: ASCII. */
const asciiId = customType<{ data: string }>({
  dataType: () => `varchar(${ID_CHARACTERS_MAX}) character set ascii collate ascii_bin`,
});
/**
 * The client's own data, as compact JSON of at most METADATA_BYTES_MAX. Not a varchar: MySQL makes room for its greatest
 * length in each row that it reads, which made a page of messages a third dearer.
 */
const longText = customType<{ data: string }>({
  dataType: () => 'text character set utf8mb4 collate utf8mb4_0900_bin',
});
const metadata = () => longText('metadata');
/** 1, and one more with each change of the row. */
const version = () => int('version', { unsigned: true }).notNull().default(1);
/** When the row was deleted: its contents are erased then. */
const deletedAt = () => time('deleted_at');
/** Bytes: a token or an event's id has 16, a hash 32. */
const bytes = customType<{ data: Buffer; config: { length: number } }>({
  dataType: (config) => `binary(${config?.length})`,
});
const id = <Name extends string>(name: Name) => bytes(name, { length: 16 });
const hash = <Name extends string>(name: Name) => bytes(name, { length: 32 });
const number = <Name extends string>(name: Name) => bigint(name, { mode: 'number', unsigned: true });
/** The partition of the application, `partitionOf` its token. */
const partition = () => smallint('partition_number', { unsigned: true }).notNull();
/** A time in UTC with milliseconds. */
const time = <Name extends string>(name: Name) => datetime(name, { mode: 'date', fsp: 3 });

/**
 * One row for each partition. Every transaction that changes rows of the partition locks this one last (see commit.ts).
 * Its values only rise, so a reader can tell which of two is newer.
 */
export const partitions = mysqlTable('partitions', {
  partitionNumber: smallint('partition_number', { unsigned: true }).primaryKey(),
  /** How many transactions have changed something in the partition. The next one gets the next number. */
  seq: number('seq').notNull().default(0),
  /** Rows of `batches` up to this `seq` may be deleted already. */
  low: number('low').notNull().default(0),
  /**
   * The number of the last epoch of the numbering that was given out; 0 before the first. A new one begins if Redis may
   * have lost numbers.
   */
  epoch: number('epoch').notNull().default(0),
  /** Events of epochs before this one are not stored any more. */
  oldest: number('oldest').notNull().default(0),
  /** The open counter generation, to which new batches belong. A flush closes and sums it. */
  generation: number('generation').notNull().default(1),
  /** The last counter generation that is added to `chats_count` and `messages_count`. */
  flushed: number('flushed').notNull().default(0),
  /** How often a chat or an application was deleted. Once it changes, workers look up again which of them exist. */
  deletes: number('deletes').notNull().default(0),
  /**
   * How many fences (passFence) were passed. Raising it makes a fence a commit, which fails on a server that is not
   * primary.
   */
  fences: number('fences').notNull().default(0),
  /** The level that a program needs to read and write here (see level.ts). */
  level: smallint('level', { unsigned: true }).notNull(),
  /** The inbox (`activity`) has all commits up to this `seq`. */
  activity: number('activity').notNull().default(0),
});

export type RowOf<Table extends MySqlTable> = {
  readonly [Key in keyof Table['_']['columns'] as Table['_']['columns'][Key]['_']['name']]: Table['_']['columns'][Key]['_']['data'];
};

export const applications = mysqlTable(
  'applications',
  {
    partitionNumber: partition(),
    token: id('token').notNull(),
    name: text('name', { length: 255 }).notNull(),
    /** Counts the chats of the counter generations up to the partition's `flushed`. */
    chatsCount: number('chats_count').notNull().default(0),
    eventId: id('event_id').notNull(),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
    metadata: metadata(),
    version: version(),
    deletedAt: deletedAt(),
    /** Messages that were accepted more than so many days ago are removed. */
    retentionDays: int('retention_days', { unsigned: true }),
    /** Limits; null: the installation's default. */
    messagesPerSecond: int('messages_per_second', { unsigned: true }),
    requestsPerSecond: int('requests_per_second', { unsigned: true }),
    createsInFlight: int('creates_in_flight', { unsigned: true }),
    liveConnections: int('live_connections', { unsigned: true }),
    /** When a limit was last changed, by the database's clock: the programs look for new ones every few seconds. */
    limitsChangedAt: time('limits_changed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.partitionNumber, table.token] }),
    index('applications_retention').on(table.partitionNumber, table.retentionDays, table.token),
    index('applications_limits').on(table.limitsChangedAt),
    // For the list of applications, which reads all partitions.
    index('applications_token').on(table.token),
  ],
);

export const chats = mysqlTable(
  'chats',
  {
    partitionNumber: partition(),
    token: id('token').notNull(),
    number: number('number').notNull(),
    name: text('name', { length: 255 }).notNull(),
    /** Counts the messages of the counter generations up to the partition's `flushed`. */
    messagesCount: number('messages_count').notNull().default(0),
    eventId: id('event_id').notNull(),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
    metadata: metadata(),
    version: version(),
    deletedAt: deletedAt(),
    /** Messages up to this number were removed, or are about to be: they are hidden. */
    purgedThrough: number('purged_through').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.partitionNumber, table.token, table.number] })],
);

export const messages = mysqlTable(
  'messages',
  {
    partitionNumber: partition(),
    token: id('token').notNull(),
    chatNumber: number('chat_number').notNull(),
    number: number('number').notNull(),
    content: text('content', { length: 10_000 }).notNull(),
    eventId: id('event_id').notNull(),
    /** 1, and one more with each update. Also the version of the document in the search index. */
    version: version(),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
    senderId: asciiId('sender_id'),
    metadata: metadata(),
    /** When its number was drawn, if the client gave another time as `created_at`. */
    acceptedAt: time('accepted_at'),
    deletedAt: deletedAt(),
  },
  (table) => [primaryKey({ columns: [table.partitionNumber, table.token, table.chatNumber, table.number] })],
);

/**
 * One row for each transaction that changed something, committed with it: a ChangeRecord. The search index, the counts,
 * the inbox and the feed are derived from these rows. A row is counted once the partition's `flushed` has reached its
 * generation. It is deleted once it is indexed, counted and in the inbox, and is older than the feed's window.
 */
export const batches = mysqlTable(
  'batches',
  {
    partitionNumber: partition(),
    seq: number('seq').notNull(),
    /** The counter generation of the batch; 0 if it adds nothing to the counts (an update). */
    generation: number('generation').notNull(),
    /** The messages: [[token, [[chat, first, last], …]], …]. */
    messages: json('messages').$type<StoredRanges>().notNull(),
    /** The chats, by application: [[token, count, [number, …]], …]. */
    chats: json('chats').$type<StoredChats>().notNull(),
    /** How many messages the ranges in `messages` have. */
    documents: int('documents', { unsigned: true }).notNull(),
    indexed: tinyint('indexed').notNull().default(0),
    createdAt: time('created_at').notNull(),
    /** Null in rows of earlier programs: created, or updated if the generation is 0. */
    kind: varchar('kind', { length: 16, enum: CHANGE_KINDS }),
    /** The read marks: [[token, chat, user, number], …]. */
    reads: json('reads').$type<StoredReads>(),
  },
  (table) => [
    primaryKey({ columns: [table.partitionNumber, table.seq] }),
    index('batches_indexed').on(table.indexed, table.partitionNumber, table.seq),
    index('batches_generation').on(table.partitionNumber, table.generation, table.seq),
  ],
);

/** Creates that came with an Idempotency-Key. `scope` is the application's token, or 16 zero bytes for applications. */
export const idempotency = mysqlTable(
  'idempotency',
  {
    partitionNumber: partition(),
    scope: id('scope').notNull(),
    keyHash: hash('key_hash').notNull(),
    bodyHash: hash('body_hash').notNull(),
    eventId: id('event_id').notNull(),
    /** The application that was created, or the application of the created chat or messages. */
    token: id('token').notNull(),
    /** The number of the created chat, or of the first created message; 0 for an application. */
    first: number('first').notNull(),
    epoch: number('epoch').notNull(),
    at: time('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.partitionNumber, table.scope, table.keyHash] }),
    index('idempotency_at').on(table.partitionNumber, table.at),
  ],
);

/**
 * Deleted applications (`chat_number` is 0) and chats whose rows are not all removed yet, and chats with messages that
 * are too old.
 */
export const purges = mysqlTable(
  'purges',
  {
    partitionNumber: partition(),
    token: id('token').notNull(),
    chatNumber: number('chat_number').notNull(),
    /** Null: all rows below. Else the chat's messages up to this number; the chat itself lives. */
    through: number('through'),
    createdAt: time('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.partitionNumber, table.token, table.chatNumber] }),
    index('purges_created_at').on(table.partitionNumber, table.createdAt),
  ],
);

/** The inbox: for each chat that lives, its last message. Derived from `batches`, so it may be two seconds behind. */
export const activity = mysqlTable(
  'activity',
  {
    partitionNumber: partition(),
    token: id('token').notNull(),
    chatNumber: number('chat_number').notNull(),
    /** The highest number of a message that is not deleted; 0 if there is none. */
    lastNumber: number('last_number').notNull(),
    /** When the last message was accepted, or the chat created. */
    at: time('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.partitionNumber, table.token, table.chatNumber] }),
    // It has all columns, so a page of the inbox reads the index alone.
    index('activity_at').on(table.partitionNumber, table.token, table.at, table.chatNumber, table.lastNumber),
  ],
);

/** How far users have read. */
export const reads = mysqlTable(
  'reads',
  {
    partitionNumber: partition(),
    token: id('token').notNull(),
    chatNumber: number('chat_number').notNull(),
    userId: asciiId('user_id').notNull(),
    messageNumber: number('message_number').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.partitionNumber, table.token, table.chatNumber, table.userId] })],
);

/** One row with facts about the whole installation. */
export const installation = mysqlTable('installation', {
  id: tinyint('id').primaryKey(),
  /** The number of partitions, which never changes. */
  partitions: smallint('partitions', { unsigned: true }).notNull(),
  /** How often the list of search indices (`search_indices`) has changed. */
  searchList: number('search_list').notNull().default(0),
  /** 1: every request needs a credential. 2: none does, because keys were taken back. 0: neither was recorded yet. */
  keyed: tinyint('keyed').notNull().default(0),
});

/**
 * Secret keys of applications and admin keys, by their hashes. Revoked ones stay: a user token that was made with one
 * ends too. Not divided by partitions: a key is looked up before anything else is known, and there are few.
 */
export const accessKeys = mysqlTable(
  'access_keys',
  {
    id: id('id').primaryKey(),
    /** The application's token, or 16 zero bytes: an admin key. */
    token: id('token').notNull(),
    name: text('name', { length: KEY_NAME_CHARACTERS_MAX }).notNull(),
    /** SHA-256 of the key's text. */
    hash: hash('hash').notNull(),
    /** Separated by spaces. */
    scopes: varchar('scopes', { length: 255 }).notNull(),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at'),
    lastUsedAt: time('last_used_at'),
    /** By the database's clock. */
    revokedAt: time('revoked_at'),
  },
  (table) => [
    uniqueIndex('access_keys_hash').on(table.hash),
    index('access_keys_token').on(table.token, table.createdAt),
    index('access_keys_revoked_at').on(table.revokedAt),
  ],
);

/** Key pairs that sign user tokens, as JSON Web Keys. The newest one signs. */
export const signingKeys = mysqlTable('signing_keys', {
  kid: id('kid').primaryKey(),
  publicKey: varchar('public_key', { length: 255 }).notNull(),
  privateKey: varchar('private_key', { length: 255 }).notNull(),
  createdAt: time('created_at').notNull(),
});

/** The programs that run. Each updates its own row every second; a program that crashed leaves an old one. */
export const programs = mysqlTable('programs', {
  id: id('id').primaryKey(),
  /** The kind of program: `worker`, `ingest` or `api`. */
  name: varchar('name', { length: 16 }).notNull(),
  /** The highest level that this program knows. */
  level: smallint('level', { unsigned: true }).notNull(),
  /** The program uses no list of search indices from before this change (see `installation.search_list`). */
  searchList: number('search_list').notNull(),
  /** 1 if the program is a worker that has indexed, or found nothing to index, in the last seconds. */
  indexing: tinyint('indexing').notNull(),
  /** The time of the last update, by the database's clock. */
  seenAt: time('seen_at').notNull(),
});

/** The search indices to which the workers write: two while one is rebuilt. */
export const searchIndices = mysqlTable('search_indices', {
  name: varchar('name', { length: 255 }).primaryKey(),
  createdAt: time('created_at').notNull(),
});
