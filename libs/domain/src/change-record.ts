import type { Sequence } from './entities.ts';
import { sequenceKey } from './entities.ts';
import type { Event } from './events.ts';
import type { FeedChange } from './feed.ts';
import type { Token } from './identifiers.ts';
import type { CountDelta } from './store.ts';

/**
 * What one transaction of a store has changed, as the store keeps it: compact, and readable in a client of the database.
 * The search index, the counts, the inbox and the feed are derived from these records.
 */
export interface ChangeRecord {
  readonly kind: ChangeKind;
  /** The messages that were created, changed, deleted or removed. */
  readonly messages: StoredRanges;
  /** The chats that were created, changed or deleted; an application itself, if it has no list of numbers. */
  readonly chats: StoredChats;
  /** The read marks that were set. */
  readonly reads?: StoredReads;
  /** How many messages the ranges in `messages` have. */
  readonly documents: number;
}

/**
 * `purged`: rows were removed, below something that was deleted, or because they were older than the application keeps
 * its messages.
 */
export const CHANGE_KINDS = ['created', 'updated', 'deleted', 'purged', 'read'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export interface MessageRange {
  readonly token: Token;
  readonly chat: number;
  readonly first: number;
  readonly last: number;
}

/** As stored in JSON: [[token, [[chat, first, last], …]], …]. */
export type StoredRanges = readonly (readonly [Token, readonly (readonly [number, number, number])[]])[];
/**
 * As stored in JSON: [[token, count, [number, …]], …]. `count` is what the transaction adds to the application's count
 * of chats. Records of earlier programs have no numbers.
 */
export type StoredChats = readonly (readonly [Token, number, (readonly number[])?])[];
/** As stored in JSON: [[token, chat, user, number], …]. */
export type StoredReads = readonly (readonly [Token, number, string, number])[];

/** The record of events, as if all were new. Messages become one range if each number follows the one before. */
export function recordOf(events: readonly Event[]): ChangeRecord {
  const chats = new Map<Token, number[]>();
  const ranges = new Map<Token, Map<number, [number, number, number][]>>();
  let documents = 0;
  for (const event of events) {
    if (event.type === 'chat') {
      const numbers = chats.get(event.token);
      if (numbers === undefined) chats.set(event.token, [event.number]);
      else numbers.push(event.number);
    }
    if (event.type !== 'messages') continue;
    documents += event.contents.length;
    addRange(ranges, event.token, event.chat, event.first, event.first + event.contents.length - 1);
  }
  return {
    kind: 'created',
    messages: [...ranges].map(([token, byChat]) => [token, [...byChat.values()].flat()] as const),
    chats: [...chats].map(([token, numbers]) => [token, numbers.length, numbers] as const),
    documents,
  };
}

/** The record of one message that was changed or deleted. */
export function messageRecord(kind: ChangeKind, token: Token, chat: number, number: number): ChangeRecord {
  return { kind, messages: [[token, [[chat, number, number]]]], chats: [], documents: 1 };
}

/** The record of one chat that was changed or deleted. */
export function chatRecord(kind: ChangeKind, token: Token, chat: number): ChangeRecord {
  return { kind, messages: [], chats: [[token, kind === 'deleted' ? -1 : 0, [chat]]], documents: 0 };
}

/** The record of an application that was changed or deleted. */
export function applicationRecord(kind: ChangeKind, token: Token): ChangeRecord {
  return { kind, messages: [], chats: [[token, 0]], documents: 0 };
}

/** The record of messages of a chat that were removed. `numbers` rise. */
export function purgeRecord(token: Token, chat: number, numbers: readonly number[]): ChangeRecord {
  const ranges: [number, number, number][] = [];
  for (const number of numbers) {
    const latest = ranges.at(-1);
    if (latest !== undefined && latest[2] + 1 === number) latest[2] = number;
    else ranges.push([chat, number, number]);
  }
  const messages: StoredRanges = ranges.length === 0 ? [] : [[token, ranges]];
  return { kind: 'purged', messages, chats: [], documents: numbers.length };
}

/** The record of read marks. */
export function readRecord(reads: StoredReads): ChangeRecord {
  return { kind: 'read', messages: [], chats: [], reads, documents: 0 };
}

function addRange(
  ranges: Map<Token, Map<number, [number, number, number][]>>,
  token: Token,
  chat: number,
  first: number,
  last: number,
): void {
  const byChat = ranges.get(token) ?? new Map<number, [number, number, number][]>();
  ranges.set(token, byChat);
  const list = byChat.get(chat);
  const latest = list?.at(-1);
  if (list === undefined) byChat.set(chat, [[chat, first, last]]);
  else if (latest !== undefined && latest[2] + 1 === first) latest[2] = last;
  else list.push([chat, first, last]);
}

export function rangesOf(messages: StoredRanges): MessageRange[] {
  return messages.flatMap(([token, ranges]) => ranges.map(([chat, first, last]) => ({ token, chat, first, last })));
}

/** How many rows a record adds to each sequence (an application's chats, a chat's messages). Deleted ones count down. */
export function deltasOf(record: Pick<ChangeRecord, 'kind' | 'messages' | 'chats'>): CountDelta[] {
  const deltas = new Map<string, { sequence: Sequence; count: number }>();
  const add = (sequence: Sequence, count: number) => {
    if (count === 0) return;
    const key = sequenceKey(sequence);
    const delta = deltas.get(key);
    if (delta === undefined) deltas.set(key, { sequence, count });
    else delta.count += count;
  };
  for (const [token, count] of record.chats) add({ kind: 'chats', token }, count);
  const sign = SIGNS[record.kind];
  for (const { token, chat, first, last } of rangesOf(record.messages)) {
    add({ kind: 'messages', token, chat }, sign * (last - first + 1));
  }
  return [...deltas.values()];
}

/** What a message of a record adds to its chat's count. */
const SIGNS: Readonly<Record<ChangeKind, -1 | 0 | 1>> = { created: 1, updated: 0, deleted: -1, purged: -1, read: 0 };

/** The changes of a record, for the feed: chats and applications first. */
export function changesOf(record: Omit<ChangeRecord, 'documents'>): FeedChange[] {
  const { kind, messages, chats, reads = [] } = record;
  if (kind === 'read') {
    return reads.map(([token, chat, user, number]) => ({ kind: 'read.updated', token, chat, user, number }));
  }
  const owners = kind === 'purged' ? [] : chats.flatMap((entry) => ownerChanges(kind, entry));
  const ranges = rangesOf(messages).map((range) => ({ kind: `messages.${kind}` as const, ...range }));
  return [...owners, ...ranges];
}

function ownerChanges(kind: 'created' | 'updated' | 'deleted', [token, , numbers]: StoredChats[number]): FeedChange[] {
  if (numbers !== undefined) return numbers.map((chat) => ({ kind: `chat.${kind}` as const, token, chat }));
  return kind === 'created' ? [] : [{ kind: `application.${kind}` as const, token }];
}

/** The same messages in ranges that neither overlap nor touch, sorted by token, chat and number. */
export function mergeRanges(ranges: readonly MessageRange[]): MessageRange[] {
  const sorted = [...ranges].sort((a, b) =>
    a.token === b.token ? a.chat - b.chat || a.first - b.first : a.token < b.token ? -1 : 1,
  );
  const merged: MessageRange[] = [];
  for (const range of sorted) {
    const latest = merged.at(-1);
    if (latest?.token === range.token && latest.chat === range.chat && latest.last + 1 >= range.first) {
      merged[merged.length - 1] = { ...latest, last: Math.max(latest.last, range.last) };
    } else {
      merged.push(range);
    }
  }
  return merged;
}
