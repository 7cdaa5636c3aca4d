/** What must hold for each create, whatever its ports return and however long they take. */
import { expect, setDefaultTimeout, test } from 'bun:test';
import {
  type DrawRequest,
  type DrawTaker,
  type Event,
  IdempotencyConflict,
  LimitReached,
  type MessageRate,
  NotFound,
  type PublishTaker,
  type RegisterRequest,
  type Sequence,
  Unavailable,
} from '@parley/domain';
import fc from 'fast-check';
import { Acceptance } from './acceptance.ts';
import type { Create, Outcome } from './create.ts';
import { Pacing } from './pacing.ts';
import { KEY, ManualClock, storedCreate } from './testing/ports.ts';

setDefaultTimeout(60_000);

const WITHIN_MS = 2_000;
const DRAWS_MAX = 4;
/** How long a create beyond the limit has to wait. */
const WAIT_MS = 150;
/**
 * The number of kinds of refusal: a port refused, the key was used with another body, the application or the chat was
 * deleted, the limit of messages was reached, the publish was too late, the draw was too late.
 */
const REASONS = 7;
const RATE: MessageRate = { perSecond: 10, burst: 1_000 };

type DrawKind =
  | 'drawn'
  | 'repeated'
  | 'confirmed'
  | 'missing'
  | 'unsure'
  | 'conflict'
  | 'gone'
  | 'limited'
  | 'unavailable';

/** How long a call takes, and whether the machine is suspended meanwhile. */
interface Takes {
  readonly ms: number;
  readonly suspended: boolean;
}

/** What a create is, and how its ports behave. */
interface Plan {
  readonly type: Create['type'];
  readonly keyed: boolean;
  /** Whether its application has a limit of messages. */
  readonly rated: boolean;
  readonly refusedEarly: boolean;
  /** Whether the ports tell their takers before a call returns; otherwise they do later. */
  readonly toldAtOnce: boolean;
  readonly draws: readonly { readonly kind: DrawKind; readonly takes: Takes }[];
  readonly stored: 'nothing' | 'this' | 'another body';
  readonly lookTakes: Takes;
  readonly seedFails: boolean;
  readonly publishTakes: Takes;
  readonly publishFails: boolean;
  readonly afterwardsFails: boolean;
}

const takes = fc.record<Takes>({
  ms: fc.oneof({ weight: 9, arbitrary: fc.nat(50) }, { weight: 1, arbitrary: fc.integer({ min: 1_500, max: 2_500 }) }),
  suspended: fc.boolean(),
});
/** Most results of a draw lead to another draw, so that some creates use all their draws. */
const kind = fc.oneof<fc.WeightedArbitrary<DrawKind>[]>(
  { weight: 6, arbitrary: fc.constantFrom<DrawKind[]>('missing', 'unsure') },
  { weight: 4, arbitrary: fc.constantFrom<DrawKind[]>('drawn', 'repeated', 'confirmed') },
  { weight: 1, arbitrary: fc.constantFrom<DrawKind[]>('conflict', 'gone', 'limited', 'unavailable') },
);
const seldom = fc.nat(9).map((value) => value === 0);

const plan: fc.Arbitrary<Plan> = fc.record({
  type: fc.constantFrom<Create['type'][]>('application', 'chat', 'messages'),
  keyed: fc.boolean(),
  rated: fc.boolean(),
  refusedEarly: seldom,
  toldAtOnce: fc.boolean(),
  draws: fc.array(fc.record({ kind, takes }), { minLength: 6, maxLength: 6 }),
  stored: fc.constantFrom<Plan['stored'][]>('nothing', 'this', 'another body'),
  lookTakes: takes,
  seedFails: seldom,
  publishTakes: takes,
  publishFails: seldom,
  afterwardsFails: fc.boolean(),
});

interface Seen {
  readonly kind: DrawKind;
  readonly keyAbsentIn: number | undefined;
  readonly monotonic: number;
  readonly wall: number;
}

class Watched {
  readonly draws: Seen[] = [];
  readonly seeds: number[] = [];
  readonly published: { event: Event; begunMs: number }[] = [];
  readonly confirmed: string[] = [];
  readonly opened: number[] = [];
  readonly outcomes: Outcome[] = [];
  /**
   * Milliseconds from the request for the last draw until the log confirmed the event, by the clock that shows more.
   */
  confirmedMs: number | undefined;
  endedMs = 0;
  askedStore = 0;

  constructor(
    readonly plan: Plan,
    readonly index: number,
    readonly clock: ManualClock,
  ) {}

  get token(): string {
    return `${this.index.toString(16).padStart(8, '0')}-token`;
  }

  get rate(): MessageRate | undefined {
    return this.plan.rated && this.plan.type === 'messages' ? RATE : undefined;
  }

  /** The epoch of the last draw: each draw of the create is in another epoch. */
  #epoch(): number {
    return this.draws.length;
  }

  get drawn() {
    const epoch = this.#epoch();
    return { first: epoch * 10, eventId: `event-${this.index}-${epoch}`, epoch, at: epoch };
  }

  draw(request: DrawRequest, taker: DrawTaker): void {
    this.#tell(
      () => this.answer(request),
      (answer) => taker.drawAnswered(answer as never),
      (error) => taker.drawFailed(error),
    );
  }

  answer({ keyAbsentIn, rate }: { keyAbsentIn?: number | undefined; rate?: MessageRate | undefined }) {
    expect(rate).toBe(this.rate);
    const { kind, takes } = this.plan.draws[this.draws.length]!;
    this.draws.push({ kind: this.#possible(kind), keyAbsentIn, ...this.#now() });
    const { drawn } = this;
    this.#pass(takes);
    const seen = this.draws.at(-1)!.kind;
    if (seen === 'unavailable') throw new Unavailable('numbers', 'as planned');
    if (seen === 'conflict' || seen === 'gone') return { status: seen };
    if (seen === 'missing' || seen === 'unsure') return { status: seen, epoch: drawn.epoch };
    if (seen === 'limited') return { status: seen, retryAfterMs: WAIT_MS };
    if (seen === 'drawn') return { status: seen, token: this.token, ...drawn, ...(this.rate && { remaining: 3 }) };
    return { status: 'repeated' as const, token: this.token, ...drawn, confirmed: seen === 'confirmed' };
  }

  /**
   * Replaces an impossible result: a create without a key gets none about a key, one without a rate none about a limit,
   * and an application has no counter to miss and is in nothing that could be deleted.
   */
  #possible(kind: DrawKind): DrawKind {
    const { keyed, type } = this.plan;
    if (kind === 'limited') return this.rate === undefined ? 'drawn' : kind;
    if (!keyed && kind !== 'missing' && kind !== 'gone' && kind !== 'unavailable') return 'drawn';
    return type === 'application' && (kind === 'missing' || kind === 'gone') ? 'drawn' : kind;
  }

  async lookUp(sequence: Sequence | undefined) {
    const kinds = { application: undefined, chat: 'chats', messages: 'messages' };
    expect(sequence?.kind).toBe(kinds[this.plan.type] as Sequence['kind']);
    this.askedStore += 1;
    this.#pass(this.plan.lookTakes);
    if (this.plan.stored === 'nothing') return undefined;
    const bodyHash = this.plan.stored === 'this' ? KEY.body : 'c'.repeat(64);
    return storedCreate({ token: this.token, first: 1, bodyHash });
  }

  async seed(epoch: number): Promise<void> {
    this.seeds.push(epoch);
    this.#pass(this.plan.lookTakes);
    if (this.plan.seedFails) throw new Unavailable('store', 'as planned');
  }

  publish(event: Event, taker: PublishTaker): void {
    this.published.push({ event, begunMs: this.#sinceDrawMs() });
    this.#tell(
      () => this.#confirm(),
      () => taker.published(),
      (error) => taker.publishFailed(error),
    );
  }

  #confirm(): void {
    this.#pass(this.plan.publishTakes);
    if (this.plan.publishFails) throw new Unavailable('event log', 'as planned');
    this.confirmedMs = this.#sinceDrawMs();
  }

  /** Tells how a call ended: before it returns, or later, as planned. */
  #tell<Answer>(call: () => Answer, answered: (answer: Answer) => void, failed: (error: Error) => void): void {
    let tell: () => void;
    try {
      const answer = call();
      tell = () => answered(answer);
    } catch (error) {
      tell = () => failed(error as Error);
    }
    if (this.plan.toldAtOnce) tell();
    else queueMicrotask(tell);
  }

  end(outcome: Outcome): void {
    this.outcomes.push(outcome);
    if (this.draws.length > 0) this.endedMs = this.#sinceDrawMs();
  }

  async afterwards(): Promise<void> {
    if (this.plan.afterwardsFails) throw new Unavailable('numbers', 'as planned');
  }

  #sinceDrawMs(): number {
    const { monotonic, wall } = this.draws.at(-1)!;
    const now = this.#now();
    return Math.max(now.monotonic - monotonic, now.wall - wall);
  }

  #now() {
    return { monotonic: this.clock.monotonic(), wall: this.clock.wall() };
  }

  #pass({ ms, suspended }: Takes): void {
    if (suspended) this.clock.suspend(ms);
    else this.clock.pass(ms);
  }
}

/** Accepts creates of these plans as one array; resolves when all have ended. */
async function run(plans: readonly Plan[]): Promise<Watched[]> {
  const clock = new ManualClock();
  const all = plans.map((plan, index) => new Watched(plan, index, clock));
  const of = (token: string) => all[Number.parseInt(token.slice(0, 8), 16)]!;
  const applications = all.filter(({ plan }) => plan.type === 'application').values();
  const ofScope = (scope: string, hash: string) => (scope === 'applications' ? all[Number(hash)]! : of(scope));
  // Creates of two partitions begin in cycles. What holds them back is over at once.
  const pacing = new Pacing({ partitions: 2, clock, after: (_, begin) => setImmediate(begin) });
  const acceptance = new Acceptance({
    clock,
    pacing,
    logger: { debug() {}, warn() {} },
    numbering: {
      newToken: () => applications.next().value!.token,
      draw: (request, taker) => of(request.sequence.token).draw(request, taker),
      register: async (request: RegisterRequest) => of(request.token).answer(request) as never,
      seed: ({ token }, _, epoch) => {
        of(token).opened.push(epoch!);
        return of(token).afterwards();
      },
      retire: () => Promise.reject(new Error('creates retire nothing')),
      confirm: (scope, { hash }, eventId) => {
        ofScope(scope, hash).confirmed.push(eventId);
        return ofScope(scope, hash).afterwards();
      },
    },
    log: {
      refusal: (token) => (of(token).plan.refusedEarly ? new Unavailable('requests', 'as planned') : undefined),
      publish: (event, taker) => of(event.token).publish(event, taker),
    },
    store: { keyedCreate: (scope, hash, sequence) => ofScope(scope, hash).lookUp(sequence) },
    seeds: { seed: ({ token }, epoch) => of(token).seed(epoch), forget: () => {} },
  });
  await new Promise<void>((resolve) => {
    let left = all.length;
    acceptance.accept(all.map(createOf), (index, outcome) => {
      all[index]!.end(outcome);
      left -= 1;
      if (left === 0) resolve();
    });
  });
  // If a create got a second outcome, it would have come by now.
  await new Promise((resolve) => setImmediate(resolve));
  return all;
}

function createOf({ plan, index, token, rate }: Watched): Create {
  const key = plan.keyed ? { hash: String(index), body: KEY.body } : undefined;
  if (plan.type === 'application') return { type: 'application', name: 'x', key };
  if (plan.type === 'chat') return { type: 'chat', token, name: 'x', key };
  return { type: 'messages', token, chat: 1, contents: ['x', 'y'], key, rate };
}

function expectPromisesKept(watched: Watched): void {
  const { plan, draws, outcomes, published, seeds, opened, confirmed } = watched;
  expect(outcomes).toHaveLength(1);
  expect(draws.length).toBeWithin(plan.refusedEarly ? 0 : 1, plan.refusedEarly ? 1 : DRAWS_MAX + 1);
  expect(published.length).toBeLessThanOrEqual(1);
  expect(seeds).toEqual(draws.flatMap(({ kind }, index) => (kind === 'missing' ? [index + 1] : [])));
  for (const [index, { keyAbsentIn }] of draws.entries()) {
    const unsure = draws.slice(0, index).findLastIndex(({ kind }) => kind === 'unsure');
    expect(keyAbsentIn).toBe(unsure < 0 ? undefined : unsure + 1);
  }
  const last = draws.at(-1)?.kind;
  const [outcome] = outcomes as [Outcome];
  if (outcome.status === 'accepted') {
    const byStore = last === 'unsure' && plan.stored === 'this';
    const byKey = last === 'confirmed';
    expect(outcome.token).toBe(watched.token);
    if (plan.type !== 'application') expect(outcome.first).toBe(byStore ? 1 : watched.drawn.first);
    expect(published).toHaveLength(byStore || byKey ? 0 : 1);
    const counted = last === 'drawn' && watched.rate !== undefined;
    expect(outcome.remaining).toBe(counted ? 3 : undefined);
    if (published.length > 0) expect(watched.confirmedMs).toBeLessThanOrEqual(WITHIN_MS);
  } else if (!plan.refusedEarly) expectReason(watched, outcome.error);
  const acknowledged = outcome.status === 'accepted' && published.length > 0;
  for (const { event, begunMs } of published) {
    expect(begunMs).toBeLessThanOrEqual(WITHIN_MS);
    expect(event).toMatchObject({ id: watched.drawn.eventId, epoch: draws.length, type: plan.type });
    expect(event.key !== undefined).toBe(plan.keyed);
  }
  expect(confirmed).toEqual(acknowledged && plan.keyed ? [watched.drawn.eventId] : []);
  expect(opened).toEqual(acknowledged && last === 'drawn' && plan.type !== 'messages' ? [draws.length] : []);
}

/** Checks that a create was refused because one of its ports refused, or because it took too long. */
function expectReason({ plan, draws, askedStore, published, endedMs }: Watched, error: unknown): void {
  const last = draws.at(-1)?.kind;
  if (last === 'gone') {
    expect(error).toEqual(new NotFound(plan.type === 'chat' ? 'application' : 'chat'));
    return;
  }
  if (last === 'limited') {
    expect(error).toEqual(new LimitReached('messagesPerSecond', WAIT_MS));
    expect(published).toEqual([]);
    return;
  }
  const conflict = last === 'conflict' || (askedStore > 0 && plan.stored === 'another body');
  expect(error).toBeInstanceOf(conflict ? IdempotencyConflict : Unavailable);
  if (last !== 'drawn' && last !== 'repeated') return;
  // A number was drawn. So the log refused, or it was too late before or after the publish.
  if (published.length === 0 || !plan.publishFails) expect(endedMs).toBeGreaterThan(WITHIN_MS);
}

test('each create gets one outcome, and it is true', async () => {
  const ends: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 5 }), async (plans) => {
      for (const watched of await run(plans)) {
        expectPromisesKept(watched);
        const [outcome] = watched.outcomes;
        const end = outcome?.status === 'refused' ? String(outcome.error) : `after ${watched.draws.length} draws`;
        ends[end] = (ends[end] ?? 0) + 1;
      }
    }),
    { numRuns: 1_500 },
  );
  // The random plans led to each number of draws and each refusal.
  expect(Object.keys(ends).filter((end) => end.startsWith('after'))).toHaveLength(DRAWS_MAX);
  expect(Object.keys(ends).filter((end) => !end.startsWith('after'))).toHaveLength(REASONS);
});
