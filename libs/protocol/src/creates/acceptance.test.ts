import { beforeEach, describe, expect, test } from 'bun:test';
import {
  type DrawAnswer,
  EventRejected,
  IdempotencyConflict,
  NotFound,
  type Sequence,
  Unavailable,
} from '@parley/domain';
import { failure } from '@parley/testing';
import type { Create, Outcome } from './create.ts';
import { Pacing } from './pacing.ts';
import { Accepting } from './testing/accepting.ts';
import {
  DRAWN,
  drawn,
  FakePorts,
  gone,
  KEY,
  ManualClock,
  missing,
  repeated,
  storedCreate,
  TOKEN,
  unsure,
} from './testing/ports.ts';

const registered = { status: 'drawn', token: TOKEN, eventId: DRAWN.eventId, epoch: 3, at: DRAWN.at } as const;

let ports: FakePorts;
let clock: ManualClock;
let seeds: { of: unknown[]; seed: (sequence: unknown, epoch: number) => Promise<void> };
let acceptance: Accepting;
let forgotten: Sequence[];

beforeEach(() => {
  ports = new FakePorts();
  clock = new ManualClock();
  const of: unknown[] = [];
  forgotten = [];
  const forget = (sequence: Sequence) => void forgotten.push(sequence);
  seeds = { of, seed: async (sequence, epoch) => void of.push({ sequence, epoch }) };
  const pacing = new Pacing({ partitions: 1, clock, after: () => {} });
  acceptance = new Accepting({ ...ports, clock, pacing, seeds: { seed: (...asked) => seeds.seed(...asked), forget } });
});

function message(key?: typeof KEY): Promise<number> {
  return acceptance.messages(TOKEN, 1, ['hello'], key);
}

describe('a create whose number is drawn', () => {
  const common = { id: DRAWN.eventId, epoch: 3, at: DRAWN.at, token: TOKEN };

  test('is published as one event of messages, and its first number is returned', async () => {
    ports.answers = [drawn];
    expect(await acceptance.messages(TOKEN, 7, ['a', 'b'], KEY)).toBe(5);
    const sequence = { kind: 'messages', token: TOKEN, chat: 7 } as const;
    expect(ports.draws).toEqual([{ sequence, count: 2, key: KEY, keyAbsentIn: undefined }]);
    expect(ports.published).toEqual([
      { type: 'messages', ...common, chat: 7, first: 5, contents: ['a', 'b'], key: KEY },
    ]);
  });

  test('is published as a chat, and its number is returned', async () => {
    ports.answers = [drawn];
    expect(await acceptance.chat(TOKEN, 'Chat')).toBe(5);
    expect(ports.draws).toMatchObject([{ sequence: { kind: 'chats', token: TOKEN }, count: 1 }]);
    expect(ports.published).toEqual([{ type: 'chat', ...common, number: 5, name: 'Chat' }]);
  });

  test('is published as an application, and its token is returned', async () => {
    const other = TOKEN.replace('0', '1');
    ports.answers = [{ ...registered, status: 'repeated', confirmed: false, token: other }];
    expect(await acceptance.application('App', KEY)).toBe(other);
    expect(ports.draws).toEqual([{ token: TOKEN, key: KEY, keyAbsentIn: undefined }]);
    expect(ports.published).toEqual([{ type: 'application', ...common, token: other, name: 'App', key: KEY }]);
  });

  test('carries metadata and what its messages have besides their contents', async () => {
    ports.answers = [{ ...registered, token: TOKEN }, drawn, drawn];
    await acceptance.application('App', undefined, '{"a":1}');
    await acceptance.chat(TOKEN, 'Chat', KEY, '{"b":2}');
    const extras = [{ senderId: 'ann', metadata: '{}' }, { createdAt: 7 }];
    await acceptance.messages(TOKEN, 7, ['a', 'b'], undefined, extras);
    const [application, chat, messages] = ports.published;
    expect(application).toEqual({ type: 'application', ...common, name: 'App', metadata: '{"a":1}' });
    expect(chat).toEqual({ type: 'chat', ...common, number: 5, name: 'Chat', metadata: '{"b":2}', key: KEY });
    expect(messages).toEqual({ type: 'messages', ...common, chat: 7, first: 5, contents: ['a', 'b'], extras });
  });

  test('is the event of earlier programs, byte for byte, if it has nothing new', async () => {
    ports.answers = [{ ...registered, token: TOKEN }, drawn, drawn];
    await acceptance.application('App');
    await acceptance.chat(TOKEN, 'Chat', KEY);
    await acceptance.messages(TOKEN, 7, ['a'], KEY);
    const head = `"id":"${DRAWN.eventId}","epoch":3,"at":${DRAWN.at},"token":"${TOKEN}"`;
    const key = `"key":{"hash":"${KEY.hash}","body":"${KEY.body}"}`;
    const texts = [
      `{"type":"application",${head},"name":"App"}`,
      `{"type":"chat",${head},"number":5,"name":"Chat",${key}}`,
      `{"type":"messages",${head},"chat":7,"first":5,"contents":["a"],${key}}`,
    ];
    expect(ports.published.map((event) => JSON.stringify(event))).toEqual(texts);
    expect<unknown[]>(ports.published).toStrictEqual(texts.map((text) => JSON.parse(text)));
  });

  test('is refused as not found if its application or chat was deleted, whether it has a key or not', async () => {
    ports.answers = [gone, gone, gone, gone];
    for (const key of [undefined, KEY]) {
      expect(await failure(message(key))).toEqual(new NotFound('chat'));
      expect(await failure(acceptance.chat(TOKEN, 'Chat', key))).toEqual(new NotFound('application'));
    }
    expect(ports.calls).toEqual(['draw', 'draw', 'draw', 'draw']);
  });

  test('is refused if the log refuses its event', async () => {
    for (const error of [new Unavailable('event log', 'x'), new EventRejected('collision')]) {
      ports.answers = [drawn];
      ports.onPublish = () => Promise.reject(error);
      expect(await failure(message())).toBe(error);
    }
  });

  test('is refused if a port throws when it is called: what tells of the draw or the confirm goes on', async () => {
    const error = new RangeError('there is no such partition');
    const throws = () => {
      throw error;
    };
    ports.answers = [drawn, drawn];
    ports.numbering.confirm = throws;
    expect(await failure(message(KEY))).toBe(error);
    ports.log.publish = throws;
    expect(await failure(message())).toBe(error);
  });

  test('and that repeats a confirmed key is answered and not published again', async () => {
    ports.answers = [{ ...repeated, confirmed: true }];
    expect(await message(KEY)).toBe(5);
    expect(ports.calls).toEqual(['draw']);
  });

  test('and that repeats a key that is not confirmed publishes the same event again', async () => {
    ports.answers = [repeated];
    expect(await message(KEY)).toBe(5);
    expect(ports.published).toMatchObject([common]);
  });

  test('and that repeats a key with another body is a conflict', async () => {
    ports.answers = [{ status: 'conflict' }, { status: 'conflict' }];
    expect(await failure(message(KEY))).toBeInstanceOf(IdempotencyConflict);
    expect(await failure(acceptance.application('App', KEY))).toBeInstanceOf(IdempotencyConflict);
    expect(ports.published).toEqual([]);
  });
});

describe('a create is acknowledged within two seconds of the request for its draw, or refused', () => {
  const takes = (pass: () => void) => {
    ports.answers = [drawn];
    ports.onPublish = pass;
    return failure(message());
  };

  test('a confirm after exactly two seconds is in time', async () => {
    expect(await takes(() => clock.pass(2_000))).toBeUndefined();
  });

  test('a later confirm leads to a refusal', async () => {
    expect(await takes(() => clock.pass(2_001))).toMatchObject({ name: 'Unavailable', dependency: 'event log' });
  });

  test('the time in which the machine was suspended counts', async () => {
    expect(await takes(() => clock.suspend(2_001))).toMatchObject({ name: 'Unavailable', dependency: 'event log' });
  });

  test('a confirm is late even if the wall clock was set back meanwhile', async () => {
    const error = await takes(() => {
      clock.pass(2_001);
      clock.setBack(3_600_000);
    });
    expect(error).toMatchObject({ name: 'Unavailable', dependency: 'event log' });
  });

  test('the time of the draw counts', async () => {
    ports.answers = [after(1_500, drawn)];
    ports.onPublish = () => clock.pass(501);
    expect(await failure(message())).toBeInstanceOf(Unavailable);
  });

  test('an event that is drawn too late is not published', async () => {
    ports.answers = [after(2_001, drawn)];
    expect(await failure(message())).toBeInstanceOf(Unavailable);
    expect(ports.published).toEqual([]);
  });

  test('the time of earlier draws and looks into the store does not count', async () => {
    ports.answers = [after(1_400, missing), after(1_000, drawn)];
    ports.onPublish = () => clock.pass(1_000);
    expect(await message()).toBe(5);
  });

  test('after two seconds of looks into the store nothing is drawn any more', async () => {
    ports.answers = [unsure, drawn];
    ports.onLook = () => clock.pass(2_001);
    expect(await failure(message(KEY))).toMatchObject({ name: 'Unavailable', dependency: 'numbers' });
    expect(ports.draws).toHaveLength(1);
  });

  test('a key is not noted as confirmed if the confirm was late', async () => {
    ports.answers = [drawn];
    ports.onPublish = () => clock.pass(2_001);
    await failure(message(KEY));
    expect(ports.confirmed).toEqual([]);
  });
});

describe('a create that the log would refuse', () => {
  test('is refused before a number is drawn', async () => {
    const full = new Unavailable('requests', 'full');
    ports.refusal = (token) => (token === TOKEN ? full : undefined);
    ports.answers = [drawn, drawn, drawn];
    for (const create of [message(KEY), acceptance.chat(TOKEN, 'x'), acceptance.application('x')]) {
      expect(await failure(create)).toBe(full);
    }
    expect(ports.calls).toEqual([]);
  });
});

describe('a key that only the store can know', () => {
  test('is answered from the store, and nothing is published', async () => {
    ports.answers = [unsure];
    ports.stored = storedCreate({ first: 2 });
    expect(await message(KEY)).toBe(2);
    const sequence = { kind: 'messages', token: TOKEN, chat: 1 } as const;
    expect(ports.askedKeys).toEqual([{ scope: TOKEN, hash: KEY.hash, sequence }]);
    expect(ports.published).toEqual([]);
  });

  test('of an application is looked for among applications', async () => {
    const token = TOKEN.replace('0', '1');
    ports.answers = [unsure];
    ports.stored = storedCreate({ first: 0, token });
    expect(await acceptance.application('App', KEY)).toBe(token);
    expect(ports.askedKeys).toEqual([{ scope: 'applications', hash: KEY.hash, sequence: undefined }]);
  });

  test('is a conflict if it is stored with another body', async () => {
    ports.stored = storedCreate({ bodyHash: 'c'.repeat(64) });
    for (const create of [() => message(KEY), () => acceptance.application('App', KEY)]) {
      ports.answers = [unsure];
      expect(await failure(create())).toBeInstanceOf(IdempotencyConflict);
    }
    expect(ports.published).toEqual([]);
  });

  test('leads to a draw if the store does not have it: the draw names the epoch of that look', async () => {
    ports.answers = [unsure, { ...unsure, epoch: 4 }, drawn];
    expect(await message(KEY)).toBe(5);
    expect(ports.calls).toEqual(['draw', 'keyedCreate', 'draw', 'keyedCreate', 'draw', 'publish', 'confirm']);
    expect(ports.draws.map(({ keyAbsentIn }) => keyAbsentIn)).toEqual([undefined, 3, 4]);
    ports.answers = [unsure, registered];
    expect(await acceptance.application('App', KEY)).toBe(TOKEN);
    expect(ports.draws.at(-1)?.keyAbsentIn).toBe(3);
  });

  test('is not looked up again after a counter was created', async () => {
    ports.answers = [unsure, missing, drawn];
    expect(await message(KEY)).toBe(5);
    expect(ports.draws.map(({ keyAbsentIn }) => keyAbsentIn)).toEqual([undefined, 3, 3]);
  });
});

describe('a sequence without a counter', () => {
  test('gets one in the epoch in which it was missing, and is drawn from again', async () => {
    ports.answers = [{ ...missing, epoch: 8 }, drawn];
    expect(await message()).toBe(5);
    expect(seeds.of).toEqual([{ sequence: { kind: 'messages', token: TOKEN, chat: 1 }, epoch: 8 }]);
  });

  test('of an unknown owner is refused', async () => {
    ports.answers = [missing];
    seeds.seed = () => Promise.reject(new NotFound('chat'));
    expect(await failure(message())).toBeInstanceOf(NotFound);
  });

  test('is drawn from four times at most', async () => {
    ports.answers = Array.from({ length: 10 }, () => missing);
    expect(await failure(message())).toMatchObject({ name: 'Unavailable', dependency: 'numbers' });
    expect(ports.draws).toHaveLength(4);
    ports.answers = Array.from({ length: 10 }, () => unsure);
    expect(await failure(acceptance.application('App', KEY))).toMatchObject({ dependency: 'numbers' });
    expect(ports.draws).toHaveLength(8);
  });
});

describe('the counter of a new owner', () => {
  test('is opened once the owner is durable, in the epoch of its number', async () => {
    ports.answers = [drawn, registered];
    await acceptance.chat(TOKEN, 'Chat');
    await acceptance.application('App');
    expect(ports.calls).toEqual(['draw', 'publish', 'seed', 'draw', 'publish', 'seed']);
    expect(ports.seeded).toEqual([
      { sequence: { kind: 'messages', token: TOKEN, chat: 5 }, highest: { number: 0 }, epoch: 3 },
      { sequence: { kind: 'chats', token: TOKEN }, highest: { number: 0 }, epoch: 3 },
    ]);
  });

  test('is not opened for a repeated create: it may have counted and expired', async () => {
    ports.answers = [repeated, { ...registered, status: 'repeated', confirmed: false }, drawn];
    await acceptance.chat(TOKEN, 'Chat', KEY);
    await acceptance.application('App', KEY);
    await message();
    expect(ports.published).toHaveLength(3);
    expect(ports.seeded).toEqual([]);
  });

  test('is looked for anew once the owner is durable, also by a repeated create', async () => {
    ports.answers = [drawn, registered, repeated, drawn];
    await acceptance.chat(TOKEN, 'Chat');
    await acceptance.application('App');
    await acceptance.chat(TOKEN, 'Chat', KEY);
    await message();
    const chat = { kind: 'messages', token: TOKEN, chat: 5 } as const;
    expect(forgotten).toEqual([chat, { kind: 'chats', token: TOKEN }, chat]);
  });

  test('is not opened for an owner that is not durable', async () => {
    ports.answers = [drawn];
    ports.onPublish = () => Promise.reject(new Unavailable('event log', 'x'));
    await failure(acceptance.chat(TOKEN, 'Chat'));
    expect(ports.seeded).toEqual([]);
  });

  test('may fail to open: the owner is acknowledged, and the failure is logged', async () => {
    ports.answers = [drawn];
    ports.onSeed = () => Promise.reject(new Unavailable('numbers', 'x'));
    expect(await acceptance.chat(TOKEN, 'Chat')).toBe(5);
    expect(ports.logged).toEqual(['warn: could not open a counter; its first draw will']);
  });
});

describe('the note that a key is durable', () => {
  test('names the event of the key, and is sent after the confirm', async () => {
    ports.answers = [drawn, { ...registered }];
    await message(KEY);
    await acceptance.application('App', KEY);
    const noted = { hash: KEY.hash, eventId: DRAWN.eventId };
    expect(ports.confirmed).toEqual([
      { scope: TOKEN, ...noted },
      { scope: 'applications', ...noted },
    ]);
    expect(ports.calls.slice(0, 3)).toEqual(['draw', 'publish', 'confirm']);
  });

  test('may fail or hang: the create is answered all the same, at once', async () => {
    ports.answers = [drawn, drawn];
    ports.onConfirm = () => Promise.reject(new Unavailable('numbers', 'x'));
    expect(await message(KEY)).toBe(5);
    ports.onConfirm = () => new Promise(() => {});
    expect(await message(KEY)).toBe(5);
    expect(ports.logged).toEqual(['debug: could not note that a keyed create is durable']);
  });
});

describe('creates in one array', () => {
  const create = (content: string): Create => ({ type: 'messages', token: TOKEN, chat: 1, contents: [content] });

  test('request their draws in order', async () => {
    ports.answers = [drawn, drawn, drawn];
    acceptance.accept([create('a'), { type: 'chat', token: TOKEN, name: 'b' }, create('c')], () => {});
    await Promise.resolve();
    expect(ports.draws).toMatchObject([
      { sequence: { kind: 'messages' } },
      { sequence: { kind: 'chats' } },
      { sequence: { kind: 'messages' } },
    ]);
  });

  test.each<[string, Create, DrawAnswer | Unavailable]>([
    ['while one looks into the store', { type: 'messages', token: TOKEN, chat: 1, contents: ['a'], key: KEY }, unsure],
    ['while the counter of one is sought', create('a'), missing],
    ['while the counter of a new chat is opened', { type: 'chat', token: TOKEN, name: 'a' }, drawn],
    ['after one was refused', create('a'), new Unavailable('numbers', 'x')],
  ])('hold back no later ones %s', async (_, slow, answer) => {
    const never = () => new Promise<never>(() => {});
    seeds.seed = never;
    ports.onLook = never;
    ports.onSeed = never;
    ports.answers = [answer, drawn, { ...drawn, first: 6 }];
    await new Promise<void>((resolve) => {
      acceptance.accept([slow, create('b')], (index) => {
        if (index === 1) resolve();
      });
    });
    expect(await message()).toBe(6);
  });

  test('end once each: one that is slow or refused does not delay the others', async () => {
    const { promise: look, resolve: found } = Promise.withResolvers<void>();
    seeds.seed = () => look;
    const refused = new Unavailable('numbers', 'x');
    ports.answers = [missing, { ...drawn, first: 8 }, refused, { ...drawn, first: 7 }];
    const ends: [number, Outcome][] = [];
    const two = Promise.withResolvers<void>();
    const three = Promise.withResolvers<void>();
    acceptance.accept([create('a'), create('b'), create('c')], (index, outcome) => {
      ends.push([index, outcome]);
      if (ends.length === 2) two.resolve();
      if (ends.length === 3) three.resolve();
    });
    await two.promise;
    expect(new Map(ends)).toEqual(
      new Map<number, Outcome>([
        [1, { status: 'accepted', token: TOKEN, first: 8 }],
        [2, { status: 'refused', error: refused }],
      ]),
    );
    found();
    await three.promise;
    expect(ends.slice(2)).toEqual([[0, { status: 'accepted', token: TOKEN, first: 7 }]]);
  });
});

function after<Answer>(ms: number, answer: Answer): () => Answer {
  return () => {
    clock.pass(ms);
    return answer;
  };
}
