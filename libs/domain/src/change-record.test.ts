import { describe, expect, test } from 'bun:test';
import {
  applicationRecord,
  changesOf,
  chatRecord,
  deltasOf,
  mergeRanges,
  messageRecord,
  purgeRecord,
  readRecord,
  recordOf,
} from './change-record.ts';
import { newToken } from './identifiers.ts';

const token = newToken();
const other = newToken();
const common = { id: 'a'.repeat(32), epoch: 1, at: 0 };
const chat = (number: number) => ({ type: 'chat' as const, ...common, token, number, name: 'A chat' });
const messages = (first: number, count: number, number = 1) => ({
  ...{ type: 'messages' as const, ...common, token, chat: number, first },
  contents: Array<string>(count).fill('x'),
});
const chatCount = { kind: 'messages', token, chat: 1 } as const;

describe('the record of events', () => {
  test('has messages whose numbers follow each other as one range, and the numbers of chats', () => {
    const events = [chat(1), chat(2), messages(1, 3), messages(4, 2), messages(9, 1), messages(1, 1, 2)];
    expect(recordOf([{ type: 'application', ...common, token: other, name: 'An app' }, ...events])).toEqual({
      kind: 'created',
      messages: [[token, [[1, 1, 5], [1, 9, 9], [2, 1, 1]]]], // biome-ignore format: a list
      chats: [[token, 2, [1, 2]]],
      documents: 7,
    });
  });

  test('adds its rows to the counts', () => {
    expect(deltasOf(recordOf([chat(1), messages(1, 3), messages(9, 1)]))).toEqual([
      { sequence: { kind: 'chats', token }, count: 1 },
      { sequence: chatCount, count: 4 },
    ]);
  });
});

describe('the counts', () => {
  test('fall by what was deleted or removed, and stay as they are with changes and read marks', () => {
    expect(deltasOf(messageRecord('deleted', token, 1, 5))).toEqual([{ sequence: chatCount, count: -1 }]);
    expect(deltasOf(purgeRecord(token, 1, [1, 2, 5]))).toEqual([{ sequence: chatCount, count: -3 }]);
    expect(deltasOf(chatRecord('deleted', token, 1))).toEqual([{ sequence: { kind: 'chats', token }, count: -1 }]);
    const unchanged = [
      ...[messageRecord('updated', token, 1, 5), chatRecord('updated', token, 1), applicationRecord('deleted', token)],
      readRecord([[token, 1, 'ann', 3]]),
    ];
    // A range of an updated message adds 0, which is no change.
    for (const record of unchanged) expect(deltasOf(record)).toEqual([]);
  });
});

describe('the feed', () => {
  test('tells what was created, owners first', () => {
    expect(changesOf(recordOf([messages(1, 2), chat(1)]))).toEqual([
      { kind: 'chat.created', token, chat: 1 },
      { kind: 'messages.created', token, chat: 1, first: 1, last: 2 },
    ]);
  });

  test('tells changes and deletes of each kind apart', () => {
    const records = [messageRecord('updated', token, 1, 5), messageRecord('deleted', token, 1, 5)];
    const owners = [chatRecord('updated', token, 2), chatRecord('deleted', token, 2)];
    const applications = [applicationRecord('updated', token), applicationRecord('deleted', token)];
    expect([...records, ...owners, ...applications].flatMap((record) => changesOf(record))).toEqual([
      { kind: 'messages.updated', token, chat: 1, first: 5, last: 5 },
      { kind: 'messages.deleted', token, chat: 1, first: 5, last: 5 },
      { kind: 'chat.updated', token, chat: 2 },
      { kind: 'chat.deleted', token, chat: 2 },
      { kind: 'application.updated', token },
      { kind: 'application.deleted', token },
    ]);
  });

  test('tells a removal as ranges, and each read mark', () => {
    expect(changesOf(purgeRecord(token, 1, [1, 2, 5]))).toEqual([
      { kind: 'messages.purged', token, chat: 1, first: 1, last: 2 },
      { kind: 'messages.purged', token, chat: 1, first: 5, last: 5 },
    ]);
    expect(changesOf(readRecord([[token, 1, 'ann', 3]]))).toEqual([
      { kind: 'read.updated', token, chat: 1, user: 'ann', number: 3 },
    ]);
  });

  test('reads a record of an earlier program, which has no numbers of chats', () => {
    expect(changesOf({ kind: 'created', messages: [], chats: [[token, 2]] })).toEqual([]);
  });
});

test('ranges are merged if they overlap or touch', () => {
  const range = (first: number, last: number, number = 1) => ({ token, chat: number, first, last });
  expect(mergeRanges([range(5, 6), range(1, 2), range(3, 3), range(6, 9), range(11, 11), range(1, 1, 2)])).toEqual([
    ...[range(1, 3), range(5, 9), range(11, 11), range(1, 1, 2)],
  ]);
});
