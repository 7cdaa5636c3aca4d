import { type MessageRange, REMOVED_VERSION, type SearchDocument } from '@parley/domain';
import { rangeCondition } from '../append/duplicates.ts';
import { tokenOf } from '../literals.ts';
import type { messages, RowOf } from '../schema.ts';
import type { Session } from '../session.ts';
import { Living, type LivingRow, livingStatement } from './living.ts';

/** The messages that one SELECT returns at most. 500 of the longest (40 kB) are 20 MB. */
const ROWS_PER_STATEMENT = 500;
const RANGES_PER_STATEMENT = 100;
/** A group of documents ends once its texts have this length, in UTF-16 units. */
const GROUP_LENGTH = 4 * 1024 * 1024;

export type DocumentRow = Pick<
  RowOf<typeof messages>,
  'token' | 'chat_number' | 'number' | 'content' | 'version' | 'created_at' | 'sender_id' | 'deleted_at'
>;

export const DOCUMENT_COLUMNS = 'token, chat_number, number, content, version, created_at, sender_id, deleted_at';

export function toDocument(row: DocumentRow): SearchDocument {
  return {
    token: tokenOf(row.token),
    chat: row.chat_number,
    number: row.number,
    content: row.deleted_at === null ? row.content : undefined,
    ...(row.sender_id === null ? {} : { senderId: row.sender_id }),
    version: row.version,
    createdAt: row.created_at.getTime(),
  };
}

export interface PlacedRange extends MessageRange {
  readonly partition: number;
}

/**
 * Reads the messages of the ranges in their present state, in groups of at most `documentsMax`. Every number of a range
 * was stored once. So one without a row was removed, and becomes a document without content, as do messages that are
 * hidden because their chat or application was deleted, or because they are too old. Nothing brings these back.
 */
export async function* documentGroups(
  session: Session,
  ranges: readonly PlacedRange[],
  documentsMax: number,
): AsyncGenerator<SearchDocument[]> {
  let group: SearchDocument[] = [];
  let length = 0;
  for (const some of slices(ranges)) {
    for (const document of await documentsOf(session, some)) {
      group.push(document);
      length += document.content?.length ?? 0;
      if (group.length < documentsMax && length < GROUP_LENGTH) continue;
      yield group;
      group = [];
      length = 0;
    }
  }
  if (group.length > 0) yield group;
}

async function documentsOf(session: Session, ranges: readonly PlacedRange[]): Promise<SearchDocument[]> {
  const [found, living] = (await session.send([documentStatement(ranges), livingStatement(ranges)])) as [
    DocumentRow[],
    LivingRow[],
  ];
  const alive = new Living(living);
  const stored = new Map<string, SearchDocument>();
  for (const row of found) {
    const document = toDocument(row);
    stored.set(placeKey(document.token, document.chat, document.number), document);
  }
  const documents: SearchDocument[] = [];
  for (const { token, chat, first, last } of ranges) {
    const hidden = alive.hiddenThrough(token, chat);
    for (let number = first; number <= last; number += 1) {
      const document = number > hidden ? stored.get(placeKey(token, chat, number)) : undefined;
      documents.push(document ?? removed(token, chat, number));
    }
  }
  return documents;
}

/** The document of a message that does not exist any more. Its time is not known. */
function removed(token: string, chat: number, number: number): SearchDocument {
  return { token, chat, number, content: undefined, createdAt: 0, version: REMOVED_VERSION };
}

function placeKey(token: string, chat: number, number: number): string {
  return `${token}:${chat}:${number}`;
}

export function documentStatement(ranges: readonly PlacedRange[]): string {
  const conditions = ranges.map((range) => rangeCondition(range.partition, range)).join(' OR ');
  return `SELECT ${DOCUMENT_COLUMNS} FROM messages FORCE INDEX (PRIMARY) WHERE ${conditions}`;
}

/** Divides the ranges into parts that one SELECT can read. Cuts a range that is too long for one. */
export function* slices(ranges: readonly PlacedRange[]): Generator<PlacedRange[]> {
  let slice: PlacedRange[] = [];
  let room = ROWS_PER_STATEMENT;
  for (const range of ranges) {
    for (let { first } = range; first <= range.last; ) {
      const last = Math.min(range.last, first + room - 1);
      slice.push({ ...range, first, last });
      room -= last - first + 1;
      first = last + 1;
      if (room > 0 && slice.length < RANGES_PER_STATEMENT) continue;
      yield slice;
      slice = [];
      room = ROWS_PER_STATEMENT;
    }
  }
  if (slice.length > 0) yield slice;
}
