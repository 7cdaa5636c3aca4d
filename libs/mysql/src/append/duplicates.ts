import { type Event, type MessageRange, type Rejection, rangesOf, recordOf, rowsOf } from '@parley/domain';
import { bytes, integer, tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';

const TERMS_PER_STATEMENT = 300;

export interface Sorted {
  /** New events: none of their rows is stored. In the given order. No two of them have the same key. */
  readonly fresh: readonly Event[];
  readonly repeated: number;
  readonly rejected: readonly Rejection[];
}

/**
 * Finds events whose rows are stored already. If all are stored under the event's own id, it was delivered before:
 * `repeated`. Else it is a collision, which is rejected. If two of `events` have the same key, the first one wins.
 */
export async function sortOutDuplicates(pool: Pool, partition: number, events: readonly Event[]): Promise<Sorted> {
  const takenBy = await storedIds(pool, partition, events);
  const fresh: Event[] = [];
  const rejected: Rejection[] = [];
  let repeated = 0;
  for (const event of events) {
    const keys = rowKeys(event);
    const owners = keys.map((key) => takenBy.get(key));
    if (owners.every((id) => id === undefined)) {
      for (const key of keys) takenBy.set(key, event.id);
      fresh.push(event);
    } else if (owners.every((id) => id === event.id)) {
      repeated++;
    } else {
      const place = owners.findIndex((id) => id !== undefined && id !== event.id);
      // Without the token, which is a secret: details of rejections are logged.
      const taken = keys[place]?.slice(event.token.length + 1);
      const detail = taken === undefined ? 'stored in part' : `${taken} belongs to event ${owners[place]}`;
      rejected.push({ event, reason: 'collision', detail });
    }
  }
  return { fresh, repeated, rejected };
}

/** For the key of each stored row of the events, the id of the event that created the row. */
async function storedIds(pool: Pool, partition: number, events: readonly Event[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const sql of idStatements(partition, events)) {
    const rows = await pool.useAgain((session) =>
      session.select<{ token: Buffer; chat: number; number: number; event_id: Buffer }>(sql),
    );
    for (const row of rows) {
      ids.set(rowKey(tokenOf(row.token), row.chat, row.number), row.event_id.toString('hex'));
    }
  }
  return ids;
}

export function idStatements(partition: number, events: readonly Event[]): string[] {
  const here = `partition_number = ${integer(partition)}`;
  const applications: string[] = [];
  const chats: string[] = [];
  for (const event of events) {
    if (event.type === 'application') applications.push(bytes(event.token));
    if (event.type === 'chat') chats.push(`(${bytes(event.token)},${integer(event.number)})`);
  }
  const ranges = rangesOf(recordOf(events).messages).map((range) => rangeCondition(partition, range));
  return [
    ...inParts(
      applications,
      ', ',
      (list) => `SELECT token, 0 AS chat, 0 AS number, event_id FROM applications
      FORCE INDEX (PRIMARY) WHERE ${here} AND token IN (${list})`,
    ),
    ...inParts(
      chats,
      ', ',
      (list) => `SELECT token, number AS chat, 0 AS number, event_id FROM chats
      FORCE INDEX (PRIMARY) WHERE ${here} AND (token, number) IN (${list})`,
    ),
    ...inParts(
      ranges,
      ' OR ',
      (list) => `SELECT token, chat_number AS chat, number, event_id FROM messages
      FORCE INDEX (PRIMARY) WHERE ${list}`,
    ),
  ];
}

export function rangeCondition(partition: number, { token, chat, first, last }: MessageRange): string {
  return `(partition_number = ${integer(partition)} AND token = ${bytes(token)} AND chat_number = ${integer(chat)} AND number BETWEEN ${integer(first)} AND ${integer(last)})`;
}

function inParts(terms: readonly string[], joint: string, statement: (list: string) => string): string[] {
  const statements: string[] = [];
  for (let from = 0; from < terms.length; from += TERMS_PER_STATEMENT) {
    statements.push(statement(terms.slice(from, from + TERMS_PER_STATEMENT).join(joint)));
  }
  return statements;
}

/** The keys of an event's rows. Numbers begin at 1, so a 0 in a key means: no chat, or no message. */
function rowKeys(event: Event): string[] {
  if (event.type === 'application') return [rowKey(event.token, 0, 0)];
  if (event.type === 'chat') return [rowKey(event.token, event.number, 0)];
  return Array.from({ length: rowsOf(event) }, (_, place) => rowKey(event.token, event.chat, event.first + place));
}

function rowKey(token: string, chat: number, number: number): string {
  return `${token}:${chat}:${number}`;
}
