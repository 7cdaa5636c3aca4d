import { beforeEach, describe, expect, test } from 'bun:test';
import { LimitReached, type MessageRate } from '@parley/domain';
import { failure } from '@parley/testing';
import { Acceptance } from './acceptance.ts';
import type { Accepted } from './create.ts';
import { Pacing } from './pacing.ts';
import { drawn, FakePorts, KEY, ManualClock, repeated, TOKEN } from './testing/ports.ts';

const RATE: MessageRate = { perSecond: 10, burst: 1_000 };
const OTHER = TOKEN.replace('0', '1');

let ports: FakePorts;
let clock: ManualClock;
let acceptance: Acceptance;

beforeEach(() => {
  ports = new FakePorts();
  clock = new ManualClock();
  const pacing = new Pacing({ partitions: 1, clock, after: () => {} });
  const seeds = { seed: async () => {}, forget: () => {} };
  acceptance = new Acceptance({ ...ports, clock, pacing, seeds });
});

interface Asked {
  readonly token?: string;
  /** null: none. */
  readonly rate?: MessageRate | null;
  readonly count?: number;
  readonly key?: typeof KEY;
}

function create({ token = TOKEN, rate = RATE, count = 1, key }: Asked = {}) {
  const contents = Array<string>(count).fill('x');
  const asked = { type: 'messages', token, chat: 1, contents, key, rate: rate ?? undefined } as const;
  return acceptance.acceptOne(asked, (accepted: Accepted) => accepted);
}

const limited = (retryAfterMs: number) => ({ status: 'limited', retryAfterMs }) as const;
const reached = (retryAfterMs: number) => new LimitReached('messagesPerSecond', retryAfterMs);

describe('a create beyond the limit of messages', () => {
  test('is refused with its wait, and nothing is published', async () => {
    ports.answers = [limited(40.2)];
    expect(await failure(create())).toEqual(reached(41));
    expect(ports.published).toEqual([]);
    expect(ports.draws).toMatchObject([{ count: 1, rate: RATE }]);
  });

  test('and those after it are refused without a draw until one message may fit, with their own waits', async () => {
    ports.answers = [limited(40)];
    await failure(create());
    clock.pass(30);
    expect(await failure(create())).toEqual(reached(10));
    expect(await failure(create({ count: 3 }))).toEqual(reached(210));
    clock.pass(9);
    expect(await failure(create())).toEqual(reached(1));
    expect(ports.draws).toHaveLength(1);
    clock.pass(1);
    ports.answers = [{ ...drawn, remaining: 0 }];
    expect(await create()).toMatchObject({ first: 5, remaining: 0 });
  });

  test('the wait counts from before the draw, also while the machine is suspended', async () => {
    ports.answers = [
      () => {
        clock.pass(25);
        return limited(40);
      },
      drawn,
    ];
    await failure(create());
    clock.suspend(15);
    expect(await create()).toMatchObject({ first: 5 });
  });

  test('a batch that does not fit holds nothing back that may', async () => {
    ports.answers = [limited(500), drawn]; // 6 messages fit after half a second, so one fits now
    await failure(create({ count: 6 }));
    expect(await create()).toMatchObject({ first: 5 });
    ports.answers = [limited(560)];
    await failure(create({ count: 6 }));
    expect(await failure(create())).toEqual(reached(60));
  });

  test('creates with a key, of others, under another limit or without one are drawn', async () => {
    ports.answers = [limited(40), { ...repeated, confirmed: true }, drawn, drawn, drawn];
    await failure(create());
    expect(await create({ key: KEY })).toMatchObject({ first: 5 });
    expect(await create({ token: OTHER })).toMatchObject({ token: OTHER });
    expect(await create({ rate: null })).toMatchObject({ first: 5 });
    expect(await create({ rate: { ...RATE, perSecond: 11 } })).toMatchObject({ first: 5 });
    expect(ports.draws).toHaveLength(5);
  });

  test('the waits of at most 10,000 applications are remembered', async () => {
    const tokenOf = (index: number) => TOKEN.replace(/^.{8}/, index.toString(16).padStart(8, '0'));
    for (let index = 0; index < 10_001; index += 1) {
      ports.answers = [limited(40)];
      await failure(create({ token: tokenOf(index) }));
    }
    expect(await failure(create({ token: tokenOf(10_000) }))).toEqual(reached(40));
    ports.answers = [drawn];
    expect(await create({ token: tokenOf(0) })).toMatchObject({ first: 5 });
  });
});

test('a create tells how many messages would fit after it, unless it is repeated or has no limit', async () => {
  ports.answers = [{ ...drawn, remaining: 7 }, repeated, drawn];
  expect((await create()).remaining).toBe(7);
  expect((await create({ key: KEY })).remaining).toBeUndefined();
  expect((await create({ rate: null })).remaining).toBeUndefined();
});
