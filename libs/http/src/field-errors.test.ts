import { describe, expect, test } from 'bun:test';
import {
  ApplicationInput,
  CreateChatInput,
  MessageBatchInput,
  MessageChangeInput,
  MessageInput,
} from './contract/schemas.ts';
import { ERRORS_MAX, errorLister } from './field-errors.ts';

const ofBatch = errorLister(MessageBatchInput);
const TEXT = 'message_content';
const good = { [TEXT]: 'x' };
const told = (value: unknown) => ofBatch(value).map(({ path, message }) => `${path} ${message}`);

describe('errors are reported by field', () => {
  for (const [what, value, expected] of [
    ['no object', null, [' must be object']],
    ['an array for an object', [], [' must be object']],
    ['nothing of it', {}, ['/messages is required']],
    ['an unknown field', { messages: [good], extra: 1 }, ['/extra is not a known field']],
    [
      'a name of JavaScript',
      JSON.parse('{"messages":[],"__proto__":1}'),
      ['/__proto__ is not a known field', '/messages must not have fewer than 1 items'],
    ],
    ['a name with a slash', { messages: [good], 'a/b~c': 1 }, ['/a~1b~0c is not a known field']],
    ['no array', { messages: {} }, ['/messages must be array']],
    ['an empty array', { messages: [] }, ['/messages must not have fewer than 1 items']],
    ['a missing text', { messages: [good, {}] }, [`/messages/1/${TEXT} is required`]],
    ['a text that is none', { messages: [{ [TEXT]: 5 }] }, [`/messages/0/${TEXT} must be string`]],
    ['an empty text', { messages: [{ [TEXT]: '' }] }, [`/messages/0/${TEXT} must not have fewer than 1 characters`]],
    ['a NUL', { messages: [{ [TEXT]: 'a\u0000' }] }, [`/messages/0/${TEXT} must not contain NUL or lone surrogates`]],
    [
      'two things',
      { messages: [null, { [TEXT]: 'x', y: 1 }] },
      ['/messages/0 must be object', '/messages/1/y is not a known field'],
    ],
  ] as [string, unknown, string[]][]) {
    test(what, () => expect(told(value)).toEqual(expected));
  }

  test('too many items, before what is wrong with the first of them', () => {
    const errors = told({ messages: [null, ...Array(1_000).fill(good)] });
    expect(errors).toEqual(['/messages must not have more than 1000 items', '/messages/0 must be object']);
  });

  test('nothing, where a field that may be absent is', () => {
    expect(errorLister(CreateChatInput)({})).toEqual([]);
    expect(errorLister(CreateChatInput)({ chat_name: 1 })).toEqual([{ path: '/chat_name', message: 'must be string' }]);
    expect(errorLister(ApplicationInput)({})).toEqual([{ path: '/application_name', message: 'is required' }]);
  });
});

test('metadata may have any field, and is an object', () => {
  const ofMessage = errorLister(MessageInput);
  expect(ofMessage({ ...good, metadata: { any: [1, null], __proto__: 1 } })).toEqual([]);
  for (const metadata of [null, [], 'x', 1]) {
    expect(ofMessage({ ...good, metadata })).toEqual([{ path: '/metadata', message: 'must be object' }]);
  }
});

test('a change has at least one field, and may remove the metadata', () => {
  const ofChange = errorLister(MessageChangeInput);
  expect(ofChange({})).toEqual([
    { path: '', message: 'must have at least one of message_content, sender_id, metadata' },
  ]);
  expect(ofChange({ metadata: null })).toEqual([]);
  expect(ofChange({ metadata: [] })).toEqual([{ path: '/metadata', message: 'must be either object or null' }]);
});

test.each(['', '.', '..', 'a b', 'ü', 'a/b', 'x'.repeat(129)])('the id %p is told what it may have', (sender_id) => {
  const [error, ...others] = errorLister(MessageInput)({ ...good, sender_id });
  expect(others).toEqual([]);
  expect(error?.path).toBe('/sender_id');
  expect(error?.message).toContain('1 to 128 of A-Z');
});

describe('no more is checked than is reported', () => {
  /** An array of equal items that records in `read` which of them are read. */
  function counted(length: number, item: unknown) {
    const read = new Set<string>();
    const items = new Proxy(Array(length).fill(item), {
      get: (target, name, receiver) => {
        if (typeof name === 'string' && name !== 'length') read.add(name);
        return Reflect.get(target, name, receiver);
      },
    });
    return { items, read };
  }

  test('of an array of wrong items', () => {
    for (const item of [null, 0, {}, { k: 1 }, { [TEXT]: '' }]) {
      const { items, read } = counted(500_000, item);
      expect(ofBatch({ messages: items })).toHaveLength(ERRORS_MAX);
      expect(read.size).toBeLessThanOrEqual(ERRORS_MAX);
    }
  });

  test('of an array that is too long', () => {
    const { items, read } = counted(90_000, good);
    expect(told({ messages: items })).toEqual(['/messages must not have more than 1000 items']);
    expect(read.size).toBe(1_000);
  });

  test('of unknown fields, with what is wrong at the top first', () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 0]));
    const { items, read } = counted(10, null);
    const errors = ofBatch({ ...many, messages: items });
    expect(errors.map(({ path }) => path)).toEqual(Array.from({ length: ERRORS_MAX }, (_, index) => `/k${index}`));
    expect(read.size).toBe(0);
    expect(ofBatch({ messages: [{ ...many, ...good }, null] })).toHaveLength(ERRORS_MAX);
  });
});
