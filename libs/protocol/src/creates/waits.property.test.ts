/** What is refused without a draw would not have fit: compared with the limit itself, which two processes share. */
import { expect, setDefaultTimeout, test } from 'bun:test';
import type { DrawRequest, DrawTaker, PublishTaker } from '@parley/domain';
import { LimitReached, type MessageRate, messageRate } from '@parley/domain';
import fc from 'fast-check';
import { Acceptance } from './acceptance.ts';
import type { Outcome } from './create.ts';
import { DRAWN, FakePorts, ManualClock, TOKEN } from './testing/ports.ts';

setDefaultTimeout(60_000);

const PROCESSES = 2;
/** Less than a message: what sums of fractions may be off by. */
const ROUNDING = 1e-6;

/** Draws under a limit, as the numbers do. */
class Limited {
  draws = 0;
  #room = 1_000;
  #at: number;

  constructor(
    readonly clock: ManualClock,
    readonly rate: MessageRate,
  ) {
    this.#at = clock.monotonic();
  }

  get room(): number {
    const now = this.clock.monotonic();
    this.#room = Math.min(this.rate.burst, this.#room + ((now - this.#at) * this.rate.perSecond) / 1_000);
    this.#at = now;
    return this.#room;
  }

  draw(count: number, taker: DrawTaker): void {
    this.draws += 1;
    const { room } = this;
    const missing = count - room;
    if (missing > ROUNDING) {
      taker.drawAnswered({ status: 'limited', retryAfterMs: (missing * 1_000) / this.rate.perSecond });
    } else {
      this.#room -= count;
      taker.drawAnswered({ status: 'drawn', ...DRAWN, remaining: Math.floor(this.#room) });
    }
  }
}

const perSecond = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 2_000 }));

interface Turn {
  readonly process: number;
  readonly count: number;
  readonly passMs: number;
  /** How long the request for the draw is on its way, and then the answer. */
  readonly thereMs: number;
  readonly backMs: number;
}

const turn = fc.record<Turn>({
  process: fc.nat(PROCESSES - 1),
  count: fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 1_000 }) },
  ),
  passMs: fc.oneof({ weight: 4, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(2_000) }),
  thereMs: fc.nat(2),
  backMs: fc.nat(20),
});

/** Creates as the turns say. Returns how many creates were refused without a draw. */
function run(perSecond: number, turns: readonly Turn[]): number {
  const clock = new ManualClock();
  const rate = messageRate(perSecond);
  const limit = new Limited(clock, rate);
  let [thereMs, backMs] = [0, 0];
  const draw = ({ count }: DrawRequest, taker: DrawTaker) => {
    clock.pass(thereMs);
    limit.draw(count, {
      drawAnswered: (answer) => {
        clock.pass(backMs);
        taker.drawAnswered(answer);
      },
      drawFailed: () => {},
    });
  };
  const { numbering, store, logger } = new FakePorts();
  const acceptances = Array.from({ length: PROCESSES }, () => {
    const log = { refusal: () => undefined, publish: (_: unknown, taker: PublishTaker) => taker.published() };
    const pacing = {
      add: (_: unknown, one: { begin(cycle: { left(): void }): void }) => one.begin({ left: () => {} }),
    };
    const seeds = { seed: async () => {}, forget: () => {} };
    return new Acceptance({ numbering: { ...numbering, draw }, log, store, logger, pacing, seeds, clock });
  });
  let refusedHere = 0;
  for (const { process, count, passMs, ...way } of turns) {
    clock.pass(passMs);
    [thereMs, backMs] = [way.thereMs, way.backMs];
    const [before, { room }] = [limit.draws, limit];
    const outcomes: Outcome[] = [];
    const create = { type: 'messages', token: TOKEN, chat: 1, contents: Array<string>(count).fill('x'), rate } as const;
    acceptances[process]?.accept([create], (_, outcome) => outcomes.push(outcome));
    expect(outcomes).toHaveLength(1);
    if (limit.draws > before) continue;
    refusedHere += 1;
    const [outcome] = outcomes as [Outcome];
    const error = outcome.status === 'refused' ? (outcome.error as LimitReached) : undefined;
    expect(error).toBeInstanceOf(LimitReached);
    // It would not have fit, and does not before its wait is over, except for the last millisecond.
    expect(room).toBeLessThan(count + ROUNDING);
    const waitMs = error?.retryAfterMs ?? 0;
    expect(room + ((waitMs - 1) * perSecond) / 1_000).toBeLessThan(count + ROUNDING);
  }
  return refusedHere;
}

test('what is refused without a draw does not fit', () => {
  let refused = 0;
  fc.assert(
    fc.property(perSecond, fc.array(turn, { maxLength: 60 }), (limit, turns) => {
      // The burst is used up first.
      const emptied = [1_000, 1_000].map((count) => ({ process: 0, count, passMs: 0, thereMs: 0, backMs: 0 }));
      refused += run(limit, [...emptied, ...turns]);
    }),
    { numRuns: 2_000 },
  );
  expect(refused).toBeGreaterThan(500);
});
