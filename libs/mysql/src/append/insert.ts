import type { ApplicationCreated, ChatCreated, Event, MessageExtras, MessagesCreated } from '@parley/domain';
import { bytes, integer, optional, rememberingLast, text, time } from '../literals.ts';

/**
 * An INSERT is sent at about this length, in UTF-16 units. That is far below the default `max_allowed_packet` (64 MiB),
 * and longer statements would not be faster.
 */
const STATEMENT_LENGTH = 512 * 1024;

/** 16 zero bytes: the scope of idempotency keys that create applications. */
const NO_TOKEN = `0x${'0'.repeat(32)}`;

/**
 * The INSERTs of all rows of the events of one partition, owners first. Except for idempotency keys they are plain
 * multi-row INSERTs: if they succeed, every row is new. (IGNORE would hide other errors; ON DUPLICATE KEY UPDATE
 * returns a wrong number of rows.) Send them in a transaction: after a fault some rows may be inserted.
 */
export function* insertStatements(partition: number, events: readonly Event[]): Generator<string> {
  const begin = `(${integer(partition)},`;
  yield* statementsOf(INTO_APPLICATIONS, begin, applicationRows(events));
  yield* statementsOf(INTO_CHATS, begin, chatRows(events));
  yield* statementsOf(INTO_MESSAGES, begin, messageRows(events));
  yield* statementsOf(INTO_MESSAGES_WITH_EXTRAS, begin, extraRows(events));
  yield* statementsOf(INTO_IDEMPOTENCY, begin, keyRows(events), KEEP_YOUNGER_KEY);
}

export function* begun(statements: Iterable<string>): Generator<string> {
  yield 'BEGIN';
  yield* statements;
}

const INTO_APPLICATIONS =
  'INSERT INTO applications (partition_number, token, name, event_id, created_at, updated_at, metadata) VALUES ';
const INTO_CHATS =
  'INSERT INTO chats (partition_number, token, number, name, event_id, created_at, updated_at, metadata) VALUES ';
/** For messages without extras: two columns less to send and to parse make the row cheaper. */
const INTO_MESSAGES =
  'INSERT INTO messages (partition_number, token, chat_number, number, content, event_id, created_at, updated_at) VALUES ';
const INTO_MESSAGES_WITH_EXTRAS =
  'INSERT INTO messages (partition_number, token, chat_number, number, content, event_id, created_at, updated_at, sender_id, metadata, accepted_at) VALUES ';
const INTO_IDEMPOTENCY =
  'INSERT INTO idempotency (partition_number, scope, key_hash, body_hash, event_id, token, first, epoch, at) VALUES ';

/**
 * An idempotency key that comes again within 24 hours keeps its first create. Later it gets the new create. Neither is
 * an error: the create was accepted, so its rows must be stored, even without a record of its key. MySQL assigns from
 * left to right, so `at`, which the conditions read, comes last.
 */
const KEEP_YOUNGER_KEY = ` AS fresh ON DUPLICATE KEY UPDATE ${['body_hash', 'event_id', 'token', 'first', 'epoch', 'at']
  .map((name) => `${name} = IF(idempotency.at < fresh.at - INTERVAL 24 HOUR, fresh.${name}, idempotency.${name})`)
  .join(', ')}`;

/** Makes INSERTs of about STATEMENT_LENGTH. Each row starts with `begin`, which `rows` leave out. */
function* statementsOf(head: string, begin: string, rows: Iterable<string>, tail = ''): Generator<string> {
  let statement = '';
  for (const row of rows) {
    statement += (statement === '' ? head : ',') + begin + row;
    if (statement.length < STATEMENT_LENGTH) continue;
    yield statement + tail;
    statement = '';
  }
  if (statement !== '') yield statement + tail;
}

function* applicationRows(events: readonly Event[]): Generator<string> {
  for (const event of events) if (event.type === 'application') yield applicationRow(event);
}

function applicationRow({ token, name, id, at, metadata }: ApplicationCreated): string {
  const created = time(at);
  return `${bytes(token)},${text(name)},${bytes(id)},${created},${created},${optional(metadata)})`;
}

function* chatRows(events: readonly Event[]): Generator<string> {
  for (const event of events) if (event.type === 'chat') yield chatRow(event);
}

function chatRow({ token, number, name, id, at, metadata }: ChatCreated): string {
  const created = time(at);
  const key = `${bytes(token)},${integer(number)}`;
  return `${key},${text(name)},${bytes(id)},${created},${created},${optional(metadata)})`;
}

function* messageRows(events: readonly Event[]): Generator<string> {
  for (const event of events) {
    if (event.type === 'messages' && event.extras === undefined) yield* messageRowsOf(event);
  }
}

function* extraRows(events: readonly Event[]): Generator<string> {
  for (const event of events) {
    if (event.type === 'messages' && event.extras !== undefined) yield* extraRowsOf(event, event.extras);
  }
}

const tokenBytes = rememberingLast(bytes);
const creationTime = rememberingLast(time);

function* messageRowsOf({ token, chat, first, contents, id, at }: MessagesCreated): Generator<string> {
  const created = creationTime(at);
  const before = `${tokenBytes(token)},${integer(chat)},`;
  const after = `,${bytes(id)},${created},${created})`;
  let number = first;
  for (const content of contents) yield `${before}${integer(number++)},${text(content)}${after}`;
}

function* extraRowsOf(event: MessagesCreated, extras: readonly MessageExtras[]): Generator<string> {
  const accepted = creationTime(event.at);
  const before = `${tokenBytes(event.token)},${integer(event.chat)},`;
  const id = bytes(event.id);
  for (const [place, content] of event.contents.entries()) {
    const { senderId, metadata, createdAt } = extras[place] ?? {};
    const created = createdAt === undefined ? accepted : time(createdAt);
    const message = `${before}${integer(event.first + place)},${text(content)},${id},${created},${created}`;
    yield `${message},${optional(senderId)},${optional(metadata)},${createdAt === undefined ? 'NULL' : accepted})`;
  }
}

function* keyRows(events: readonly Event[]): Generator<string> {
  for (const event of events) {
    if (event.key === undefined) continue;
    const scope = event.type === 'application' ? NO_TOKEN : bytes(event.token);
    const hashes = `${bytes(event.key.hash)},${bytes(event.key.body)}`;
    const created = `${bytes(event.id)},${bytes(event.token)},${integer(firstNumber(event))},${integer(event.epoch)}`;
    yield `${scope},${hashes},${created},${time(event.at)})`;
  }
}

function firstNumber(event: Event): number {
  if (event.type === 'application') return 0;
  return event.type === 'chat' ? event.number : event.first;
}
