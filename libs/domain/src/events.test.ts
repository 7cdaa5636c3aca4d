import { describe, expect, test } from 'bun:test';
import {
  type ApplicationCreated,
  approximateBytes,
  type ChatCreated,
  checkEvent,
  checkEventOfVersion,
  EventIds,
  epochOfEventId,
  type MessagesCreated,
  newEventId,
  rowsOf,
} from './events.ts';
import { newToken } from './identifiers.ts';

const common = { id: newEventId(), epoch: 1, at: 1_700_000_000_123, token: newToken() };
const application: ApplicationCreated = { type: 'application', ...common, name: 'An app' };
const chat: ChatCreated = { type: 'chat', ...common, number: 1, name: 'A chat' };
const messages: MessagesCreated = { type: 'messages', ...common, chat: 1, first: 1, contents: ['hello'] };
const key = { hash: 'a'.repeat(64), body: '0'.repeat(64) };
const refused = (value: unknown) => 'problem' in checkEvent(value);

describe('an event is taken', () => {
  for (const event of [application, chat, messages]) {
    test(`of the type ${event.type}, with and without a key`, () => {
      expect(checkEvent(event)).toEqual({ event });
      expect(checkEvent({ ...event, key })).toEqual({ event: { ...event, key } });
    });
  }

  test('with names of 255 characters and contents of 10,000, counted in code points', () => {
    expect(refused({ ...application, name: '😀'.repeat(255) })).toBe(false);
    expect(refused({ ...chat, name: 'é'.repeat(255) })).toBe(false);
    expect(refused({ ...messages, contents: ['😀'.repeat(10_000)] })).toBe(false);
  });

  test('without a name where it is a chat, and only there', () => {
    expect(refused({ ...chat, name: '' })).toBe(false);
    expect(refused({ ...application, name: '' })).toBe(true);
  });

  test('with 1 to 1,000 messages', () => {
    expect(refused({ ...messages, contents: Array(1_000).fill('x') })).toBe(false);
  });

  test('with numbers up to ten digits', () => {
    expect(refused({ ...chat, number: 9_999_999_999 })).toBe(false);
    expect(refused({ ...messages, chat: 9_999_999_999, first: 9_999_999_999 })).toBe(false);
  });

  test('with any text but NUL and lone surrogates', () => {
    expect(refused({ ...application, name: '\u0001\n\u{10ffff}\ufffe 👩‍👩‍👧‍👦' })).toBe(false);
    expect(refused({ ...application, name: ' ' })).toBe(false);
  });
});

describe('an event is refused', () => {
  const cases: Readonly<Record<string, unknown>> = {
    'that is no object': 'application',
    'that is null': null,
    'that is an array': [application],
    'of an unknown type, with nothing that every event has': { type: 'cat' },
    'of an unknown type, with a token that is none': { ...application, type: 'user', token: 'x' },
    'with a type that is no text': { ...application, type: 7 },
    'with an endless type': { ...application, type: 'x'.repeat(65) },
    'with an unknown field, and an id that is none': { ...application, extra: 1, id: 'x' },
    'without a type': { ...application, type: undefined },
    'without a name': { ...common, type: 'chat', number: 1 },
    'with an empty name': { ...application, name: '' },
    'with a name of 256 characters': { ...application, name: 'a'.repeat(256) },
    'with a name of 256 emoji': { ...application, name: '😀'.repeat(256) },
    'with NUL in a name': { ...chat, name: 'a\u0000b' },
    'with a lone high surrogate': { ...messages, contents: ['a\ud83d'] },
    'with a lone low surrogate': { ...messages, contents: ['\ude00b'] },
    'with surrogates in the wrong order': { ...messages, contents: ['\ude00\ud83d'] },
    'with a content of 10,001 characters': { ...messages, contents: ['ok', 'a'.repeat(10_001)] },
    'with an empty content': { ...messages, contents: [''] },
    'without contents': { ...messages, contents: [] },
    'with 1,001 contents': { ...messages, contents: Array(1_001).fill('x') },
    'with a content that is a number': { ...messages, contents: [1] },
    'with number 0': { ...chat, number: 0 },
    'with a negative number': { ...messages, first: -1 },
    'with a broken number': { ...chat, number: 1.5 },
    'with a number as text': { ...chat, number: '1' },
    'with a number of eleven digits': { ...messages, chat: 10_000_000_000 },
    'with an id in upper case': { ...application, id: 'A'.repeat(32) },
    'with a short id': { ...application, id: 'a'.repeat(31) },
    'with a token that is none': { ...application, token: 'x' },
    'with a token in upper case': { ...application, token: common.token.toUpperCase().replace(/^./, 'A') },
    'with epoch 0': { ...application, epoch: 0 },
    'with a time before 1970': { ...application, at: -1 },
    'with a broken time': { ...application, at: 1.5 },
    'with an incomplete key': { ...application, key: { hash: key.hash } },
    'with a key that is no hash': { ...application, key: { hash: 'x', body: key.body } },
  };
  for (const [what, value] of Object.entries(cases)) {
    test(what, () => {
      const checked = checkEvent(value);
      expect('problem' in checked && checked.problem.length > 0).toBe(true);
    });
  }
});

describe('an event is unknown: a later program may have written it', () => {
  const cases: Readonly<Record<string, [unknown, string]>> = {
    'of another type': [{ ...application, type: 'user' }, 'event type "user"'],
    'of a type that every object has': [{ ...application, type: 'constructor' }, 'event type "constructor"'],
    'of another type with other fields': [{ ...common, type: 'deletion', numbers: [1] }, 'event type "deletion"'],
    'with another field': [{ ...application, extra: 1 }, 'field "extra" of event type "application"'],
    "with another type's field": [{ ...application, number: 1 }, 'field "number" of event type "application"'],
    'with another field in its key': [
      { ...application, key: { ...key, user: 1 } },
      'field "key.user" of event type "application"',
    ],
    'with a field in place of one that we know': [
      { ...common, type: 'messages', chat: 1, first: 1, texts: [] },
      'field "texts" of event type "messages"',
    ],
    'with a field whose meaning may change another': [
      { ...chat, name: null, locale: 'x' },
      'field "locale" of event type "chat"',
    ],
    'with a field that is called as every object has one': [
      JSON.parse(JSON.stringify(chat).replace('{', '{"__proto__":1,')),
      'field "__proto__" of event type "chat"',
    ],
  };
  for (const [what, [value, unknown]] of Object.entries(cases)) {
    test(what, () => expect(checkEvent(value)).toEqual({ unknown }));
  }

  test('and what is told of it stays short', () => {
    const checked = checkEvent({ ...application, ['x'.repeat(10_000)]: 1 });
    expect('unknown' in checked && checked.unknown.length).toBeLessThan(120);
  });
});

describe('event ids', () => {
  /** The count at the end of an id, and what is before it: the epoch and random bits. */
  const countOf = (id: string) => Number.parseInt(id.slice(24), 16);
  const prefixOf = (id: string) => id.slice(0, 24);

  test('of one epoch are 32 hexadecimal digits each, begin with the epoch, count up and are distinct', () => {
    const ids = Array.from({ length: 1_000 }, () => newEventId(0xabc));
    for (const id of ids) expect(id).toMatch(/^00000abc[0-9a-f]{24}$/);
    expect(ids.map(epochOfEventId)).toEqual(ids.map(() => 0xabc));
    expect(new Set(ids.map(prefixOf)).size).toBe(1);
    const [first = 0] = ids.map(countOf);
    expect(ids.map(countOf)).toEqual(ids.map((_, index) => first + index));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('of another epoch and of another process have other random bits', () => {
    const ids = new EventIds();
    const prefixes = [ids.next(1), ids.next(2), new EventIds().next(1), new EventIds().next(2)].map(prefixOf);
    expect(new Set(prefixes.map((prefix) => prefix.slice(8))).size).toBe(4);
  });

  test('of epochs that take turns count up in each: random bits are drawn once for an epoch', () => {
    const ids = new EventIds();
    const turns = Array.from({ length: 10 }, () => [ids.next(1), ids.next(2)] as const);
    for (const ofEpoch of [turns.map(([one]) => one), turns.map(([, two]) => two)]) {
      expect(new Set(ofEpoch.map(prefixOf)).size).toBe(1);
      expect(ofEpoch.map(countOf)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
  });

  test('at the end of the count begin again behind other random bits', () => {
    const ids = new EventIds(3);
    const taken = Array.from({ length: 8 }, () => ids.next(7));
    expect(taken.map(countOf)).toEqual([1, 2, 3, 1, 2, 3, 1, 2]);
    expect(new Set(taken.map(prefixOf)).size).toBe(3);
    expect(taken.every((id) => /^00000007[0-9a-f]{24}$/.test(id))).toBe(true);
  });
});

test('an event becomes as many rows as it has messages, else one', () => {
  expect([application, chat, messages, { ...messages, contents: ['a', 'b', 'c'] }].map(rowsOf)).toEqual([1, 1, 1, 3]);
});

test('the approximate size of an event is not below its real one, for texts without control characters', () => {
  const texts = ['plain', '漢字', '😀😀', 'Ünïcödé'];
  for (const text of texts) {
    for (const event of [
      { ...application, name: text },
      { ...chat, name: text, key },
      { ...messages, contents: Array<string>(50).fill(text), key },
    ]) {
      expect(approximateBytes(event)).toBeGreaterThanOrEqual(Buffer.byteLength(JSON.stringify(event)));
    }
  }
});

describe('version 2 of events', () => {
  const metadata = '{"a":1}';
  const extras = [{}, { senderId: 'ann@example.com', metadata, createdAt: 0 }];
  const newer: Readonly<Record<string, readonly [string, object]>> = {
    'metadata of an application': ['metadata', { ...application, metadata }],
    'metadata of a chat': ['metadata', { ...chat, metadata }],
    'extras of messages': ['extras', { ...messages, contents: ['one', 'two'], extras }],
  };

  for (const [what, [field, event]] of Object.entries(newer)) {
    test(`has ${what}; a program of version 1 leaves such an event to newer ones`, () => {
      expect(checkEvent(event)).toEqual({ event: event as never });
      expect(checkEventOfVersion(1)(event)).toEqual({ unknown: expect.stringContaining(`"${field}"`) });
    });
  }

  test('is the same as version 1 without these', () => {
    const check = checkEventOfVersion(1);
    for (const event of [application, chat, messages, { ...messages, key }]) expect(check(event)).toEqual({ event });
  });

  test('needs extras for each message, and none that it does not know', () => {
    expect(refused({ ...messages, extras })).toBe(true);
    expect(refused({ ...messages, extras: [{ senderId: '..' }] })).toBe(true);
    expect(refused({ ...messages, extras: [{ metadata: '[]' }] })).toBe(true);
    expect(checkEvent({ ...messages, extras: [{ mood: 'happy' }] })).toEqual({
      unknown: expect.stringContaining('extras.mood'),
    });
  });

  test('counts its extras in the approximate size', () => {
    const large = { ...messages, extras: [{ metadata: `{"a":"${'x'.repeat(4_000)}"}` }] };
    expect(approximateBytes(large)).toBeGreaterThan(approximateBytes(messages) + 4_000);
  });
});
