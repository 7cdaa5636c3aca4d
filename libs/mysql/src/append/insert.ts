import type { ApplicationCreated, ChatCreated, Event, MessagesCreated } from '@parley/domain';
import { bytes, integer, rememberingLast, text, time } from '../literals.ts';
import type { Session } from '../session.ts';

/**
 * A statement is sent once it is about this long, in UTF-16 units: far below any `max_allowed_packet`, and beyond a few
 * hundred kilobytes a longer statement gains nothing.
 */
const STATEMENT_LENGTH = 512 * 1024;

/** 16 zero bytes: the scope of idempotency keys that create applications. */
const NO_TOKEN = `0x${'0'.repeat(32)}`;

/**
 * Inserts all rows of the events, owners before what they own, in plain multi-row INSERTs: success means that every row
 * is new. (IGNORE would hide other errors, ON DUPLICATE KEY UPDATE tells a wrong number of rows.) Answers their number.
 * To be called in a transaction: a fault can leave some of the rows behind.
 */
export async function insertEvents(session: Session, events: readonly Event[]): Promise<number> {
  let rows = 0;
  rows += await insertRows(session, INTO_APPLICATIONS, applicationRows(events));
  rows += await insertRows(session, INTO_CHATS, chatRows(events));
  rows += await insertRows(session, INTO_MESSAGES, messageRows(events));
  await insertRows(session, INTO_IDEMPOTENCY, keyRows(events), KEEP_YOUNGER_KEY);
  return rows;
}

const INTO_APPLICATIONS = 'INSERT INTO applications (token, name, event_id, created_at, updated_at) VALUES ';
const INTO_CHATS = 'INSERT INTO chats (token, number, name, event_id, created_at, updated_at) VALUES ';
const INTO_MESSAGES =
  'INSERT INTO messages (token, chat_number, number, content, event_id, created_at, updated_at) VALUES ';
const INTO_IDEMPOTENCY =
  'INSERT INTO idempotency (scope, key_hash, body_hash, event_id, token, first, epoch, at) VALUES ';

/**
 * A key that is used again within its 24 hours keeps its first answer; after them it belongs to the new create. Here a
 * key that exists is no error: the create was accepted and its rows count, not this note about it.
 * Assignments run from left to right, so `at` comes last.
 */
const KEEP_YOUNGER_KEY = ` AS fresh ON DUPLICATE KEY UPDATE ${['body_hash', 'event_id', 'token', 'first', 'epoch', 'at']
  .map((name) => `${name} = IF(idempotency.at < fresh.at - INTERVAL 24 HOUR, fresh.${name}, idempotency.${name})`)
  .join(', ')}`;

async function insertRows(session: Session, head: string, rows: Iterable<string>, tail = ''): Promise<number> {
  let count = 0;
  let statement = '';
  for (const row of rows) {
    statement += statement === '' ? head + row : `,${row}`;
    count++;
    if (statement.length < STATEMENT_LENGTH) continue;
    await session.change(statement + tail);
    statement = '';
  }
  if (statement !== '') await session.change(statement + tail);
  return count;
}

function* applicationRows(events: readonly Event[]): Generator<string> {
  for (const event of events) if (event.type === 'application') yield applicationRow(event);
}

function applicationRow({ token, name, id, at }: ApplicationCreated): string {
  const created = time(at);
  return `(${bytes(token)},${text(name)},${bytes(id)},${created},${created})`;
}

function* chatRows(events: readonly Event[]): Generator<string> {
  for (const event of events) if (event.type === 'chat') yield chatRow(event);
}

function chatRow({ token, number, name, id, at }: ChatCreated): string {
  const created = time(at);
  return `(${bytes(token)},${integer(number)},${text(name)},${bytes(id)},${created},${created})`;
}

function* messageRows(events: readonly Event[]): Generator<string> {
  for (const event of events) if (event.type === 'messages') yield* messageRowsOf(event);
}

const tokenBytes = rememberingLast(bytes);
const creationTime = rememberingLast(time);

function* messageRowsOf({ token, chat, first, contents, id, at }: MessagesCreated): Generator<string> {
  const created = creationTime(at);
  const before = `(${tokenBytes(token)},${integer(chat)},`;
  const after = `,${bytes(id)},${created},${created})`;
  let number = first;
  for (const content of contents) yield `${before}${integer(number++)},${text(content)}${after}`;
}

function* keyRows(events: readonly Event[]): Generator<string> {
  for (const event of events) {
    if (event.key === undefined) continue;
    const scope = event.type === 'application' ? NO_TOKEN : bytes(event.token);
    const hashes = `${bytes(event.key.hash)},${bytes(event.key.body)}`;
    const created = `${bytes(event.id)},${bytes(event.token)},${integer(firstNumber(event))},${integer(event.epoch)}`;
    yield `(${scope},${hashes},${created},${time(event.at)})`;
  }
}

function firstNumber(event: Event): number {
  if (event.type === 'application') return 0;
  return event.type === 'chat' ? event.number : event.first;
}
