import { type CountDelta, type Event, sequenceKey, type Token } from '@parley/domain';

/**
 * The contents of a row of `batches`: which messages one transaction has written, and how many chats it has added to
 * which applications. Compact JSON, readable in a MySQL client.
 */

export interface MessageRange {
  readonly token: Token;
  readonly chat: number;
  readonly first: number;
  readonly last: number;
}

/** As stored in JSON: [[token, [[chat, first, last], …]], …]. */
export type StoredRanges = readonly (readonly [Token, readonly (readonly [number, number, number])[]])[];
/** The number of new chats, as stored in JSON: [[token, count], …]. */
export type StoredChats = readonly (readonly [Token, number])[];

export interface BatchRecord {
  readonly messages: StoredRanges;
  readonly chats: StoredChats;
  readonly documents: number;
}

/** The record of events, as if all were new. Messages become one range if each number follows the one before. */
export function recordOf(events: readonly Event[]): BatchRecord {
  const chats = new Map<Token, number>();
  const ranges = new Map<Token, Map<number, [number, number, number][]>>();
  let documents = 0;
  for (const event of events) {
    if (event.type === 'chat') chats.set(event.token, (chats.get(event.token) ?? 0) + 1);
    if (event.type !== 'messages') continue;
    documents += event.contents.length;
    addRange(ranges, event.token, event.chat, event.first, event.first + event.contents.length - 1);
  }
  return {
    messages: [...ranges].map(([token, byChat]) => [token, [...byChat.values()].flat()] as const),
    chats: [...chats],
    documents,
  };
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

/** How many rows a record adds to each sequence (an application's chats, a chat's messages). */
export function deltasOf(record: Pick<BatchRecord, 'messages' | 'chats'>): CountDelta[] {
  const deltas = new Map<string, { sequence: CountDelta['sequence']; count: number }>();
  const add = (sequence: CountDelta['sequence'], count: number) => {
    const key = sequenceKey(sequence);
    const delta = deltas.get(key);
    if (delta === undefined) deltas.set(key, { sequence, count });
    else delta.count += count;
  };
  for (const [token, count] of record.chats) add({ kind: 'chats', token }, count);
  for (const { token, chat, first, last } of rangesOf(record.messages)) {
    add({ kind: 'messages', token, chat }, last - first + 1);
  }
  return [...deltas.values()];
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
