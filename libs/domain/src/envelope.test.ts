import { describe, expect, test } from 'bun:test';
import { decodeEnvelope, ENVELOPE_VERSION, encodeEnvelope } from './envelope.ts';
import { checkEventOfVersion, type Event, newEventId } from './events.ts';
import { newToken } from './identifiers.ts';

const common = () => ({ id: newEventId(), epoch: 7, at: 1_700_000_000_123, token: newToken() });
const key = { hash: 'a'.repeat(64), body: '0'.repeat(64) };
const events: Event[] = [
  { type: 'application', ...common(), name: 'Ñame "quoted" \\ \u2028' },
  { type: 'chat', ...common(), number: 9_999_999_999, name: '漢字', key },
  { type: 'messages', ...common(), chat: 3, first: 12, contents: ['👩‍👩‍👧‍👦', 'e\u0301', '\u0001\n'] },
];

test('an envelope comes out as it went in, its events in order', () => {
  expect(decodeEnvelope(encodeEnvelope(3, events))).toEqual({ partition: 3, events, malformed: [] });
});

test('an envelope survives being bytes', () => {
  const bytes = Buffer.from(encodeEnvelope(0, events), 'utf8');
  expect(decodeEnvelope(bytes.toString('utf8'))).toEqual({ partition: 0, events, malformed: [] });
});

test('an envelope may be empty', () => {
  expect(decodeEnvelope(encodeEnvelope(0, []))).toEqual({ partition: 0, events: [], malformed: [] });
});

test('items that are no events are set apart, with what is wrong, and the others stay in order', () => {
  const bad = [null, 42, 'x', {}, { ...events[0], epoch: 0 }];
  const text = JSON.stringify({
    v: ENVELOPE_VERSION,
    partition: 1,
    events: [bad[0], events[0], ...bad.slice(1), events[1]],
  });
  const decoded = decodeEnvelope(text);
  if (!('events' in decoded)) throw new Error(JSON.stringify(decoded));
  expect(decoded.events).toEqual([events[0]!, events[1]!]);
  expect(decoded.malformed.map(({ value }) => value)).toEqual(bad);
  expect(decoded.malformed.every(({ problem }) => problem !== '')).toBe(true);
  expect(decoded.malformed.at(-1)?.problem).toContain('epoch');
});

test('fields of the envelope that are not known are passed over', () => {
  const text = JSON.stringify({ ...JSON.parse(encodeEnvelope(1, events)), traceparent: 'x' });
  expect(decodeEnvelope(text)).toEqual({ partition: 1, events, malformed: [] });
});

for (const [what, text] of Object.entries({
  'an empty text': '',
  'half an envelope': encodeEnvelope(1, events).slice(0, -5),
  null: 'null',
  'a number': '1',
  'a text': '"x"',
  'an array': '[]',
  'an object without a version': '{"partition":1,"events":[]}',
  'version 0': '{"v":0,"partition":1,"events":[]}',
  'a version that is no whole number': '{"v":2.5,"partition":1,"events":[]}',
  'a version that no number holds': '{"v":1e300,"partition":1,"events":[]}',
  'a later version without a partition': '{"v":2,"events":[]}',
  'a version as text': '{"v":"1","partition":1,"events":[]}',
  'an envelope without a partition': '{"v":1,"events":[]}',
  'an envelope with a broken partition': '{"v":1,"partition":0.5,"events":[]}',
  'an envelope without events': '{"v":1,"partition":1}',
  'an envelope whose events are no list': '{"v":1,"partition":1,"events":{"0":{}}}',
})) {
  test(`${what} is a problem and no exception`, () => {
    const decoded = decodeEnvelope(text);
    expect('problem' in decoded && decoded.problem !== '').toBe(true);
  });
}

describe('what a later program may have written is unknown, and no problem', () => {
  const item = { ...events[1]! };
  const cases: Readonly<Record<string, [unknown, string]>> = {
    'an envelope of a later version': [{ v: 2, partition: 1, events: [] }, 'envelope version 2'],
    'an envelope of a later version with other fields': [{ v: 7, partition: 1, rows: 3 }, 'envelope version 7'],
    'one event of another type': [
      { v: 1, partition: 1, events: [events[0], { ...common(), type: 'deletion' }, item] },
      'event type "deletion"',
    ],
    'one event with another field': [
      { v: 1, partition: 1, events: [events[0], { ...item, sender: 'x' }] },
      'field "sender" of event type "chat"',
    ],
    'one event with another field, beside junk': [
      { v: 1, partition: 1, events: [null, { ...item, sender: 'x' }, {}] },
      'field "sender" of event type "chat"',
    ],
  };
  for (const [what, [value, unknown]] of Object.entries(cases)) {
    test(what, () => expect(decodeEnvelope(JSON.stringify(value))).toEqual({ unknown }));
  }
});

test('a test may have a reader that knows less', () => {
  const check = checkEventOfVersion(0);
  const plain = events.filter(({ key }) => key === undefined);
  expect(decodeEnvelope(encodeEnvelope(1, events), check)).toEqual({ unknown: 'field "key" of event type "chat"' });
  expect(decodeEnvelope(encodeEnvelope(1, plain), check)).toEqual({ partition: 1, events: plain, malformed: [] });
  expect(decodeEnvelope(encodeEnvelope(1, events), checkEventOfVersion(1))).toMatchObject({ events });
});

test('what an unknown version is called in the problem stays short', () => {
  const decoded = decodeEnvelope(JSON.stringify({ v: 'x'.repeat(10_000), partition: 1, events: [] }));
  expect('problem' in decoded && decoded.problem.length).toBeLessThan(100);
});
