/** CounterSeeds with counters missing in random order, while creates are accepted, chats are created and calls fail. */
import { expect, setDefaultTimeout, test } from 'bun:test';
import { NotFound, type Sequence, Unavailable } from '@parley/domain';
import fc from 'fast-check';
import { CounterSeeds } from './counter-seeds.ts';
import { ManualClock, TOKEN } from './testing/ports.ts';

setDefaultTimeout(60_000);

const CHATS = 2;
const EPOCHS = 2;
const UNKNOWN_MS = 500;

type Step =
  | { readonly kind: 'a counter is missed'; readonly chat: number; readonly epoch: number }
  | { readonly kind: 'a call is answered'; readonly which: number; readonly fails: boolean }
  | { readonly kind: 'time passes'; readonly ms: number; readonly suspended: boolean }
  | { readonly kind: 'something is accepted'; readonly chat: number }
  | { readonly kind: 'the chat is deleted'; readonly chat: number };

const chat = fc.integer({ min: 1, max: CHATS });
const ask = fc.record({
  kind: fc.constant('a counter is missed' as const),
  chat,
  epoch: fc.integer({ min: 1, max: EPOCHS }),
});
const answer = fc.record({
  kind: fc.constant('a call is answered' as const),
  which: fc.nat(),
  fails: fc.nat(7).map((value) => value === 0),
});
const wait = fc.record({
  kind: fc.constant('time passes' as const),
  ms: fc.constantFrom(1, 250, 499, 500),
  suspended: fc.boolean(),
});
const accept = fc.record({ kind: fc.constant('something is accepted' as const), chat });
const remove = fc.record({ kind: fc.constant('the chat is deleted' as const), chat });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: ask },
  { weight: 6, arbitrary: answer },
  { weight: 1, arbitrary: wait },
  { weight: 2, arbitrary: accept },
  { weight: 1, arbitrary: remove },
);

/** A call for a missing counter, and the last number that was accepted in its chat before the call. */
interface Asker {
  readonly chat: number;
  readonly epoch: number;
  readonly accepted: number;
  readonly deleted: boolean;
}

/**
 * Simulated ports that return when a step says so. The store does not know a chat before its message 1. Once a chat was
 * deleted it does not know it any more.
 */
class Run {
  readonly calls: ((fails: boolean) => void)[] = [];
  readonly askers = new Set<Asker>();
  readonly counted = { seeded: 0, shared: 0, unknown: 0, remembered: 0, deleted: 0 };
  readonly clock = new ManualClock();
  /** By chat: the last durable number, the last stored number, and when the store was found not to have the chat. */
  readonly #accepted = new Map<number, number>();
  readonly #stored = new Map<number, number>();
  readonly #deleted = new Set<number>();
  readonly #absentSince = new Map<number, number>();
  readonly #seeds = new CounterSeeds({
    clock: this.clock,
    log: { fence: (token) => this.#fence(Number(token.at(-1))) },
    store: { highest: (sequence, seq) => this.#highest(chatOf(sequence), seq) },
    numbering: { seed: (sequence, { number }, epoch) => this.#seed(chatOf(sequence), number, epoch) },
  });

  async take(step: Step): Promise<void> {
    if (step.kind === 'a counter is missed') this.#ask(step.chat, step.epoch);
    else if (step.kind === 'something is accepted') this.#accepted.set(step.chat, this.#acceptedIn(step.chat) + 1);
    else if (step.kind === 'the chat is deleted') {
      if (this.#stored.has(step.chat)) this.#deleted.add(step.chat);
    } else if (step.kind === 'a call is answered')
      this.calls.splice(step.which % this.calls.length, 1)[0]?.(step.fails);
    else if (step.suspended) this.clock.suspend(step.ms);
    else this.clock.pass(step.ms);
    await new Promise((resolve) => setImmediate(resolve));
  }

  #ask(chat: number, epoch: number): void {
    const asker = { chat, epoch, accepted: this.#acceptedIn(chat), deleted: this.#deleted.has(chat) };
    const shares = [...this.askers].some((other) => other.chat === chat && other.epoch === epoch);
    const absentMs = this.clock.wall() - (this.#absentSince.get(chat) ?? 0);
    const remembered = absentMs < UNKNOWN_MS;
    const before = this.calls.length;
    this.askers.add(asker);
    this.#seeds.seed(sequenceOf(chat), epoch).then(
      () => {
        this.askers.delete(asker);
        // Only what another had begun to look for before the delete can end so: that look is shared.
        if (asker.deleted) expect(shares).toBe(true);
      },
      (error: unknown) => {
        this.askers.delete(asker);
        if (error instanceof NotFound) {
          this.counted.unknown += 1;
          this.counted.deleted += this.#deleted.has(chat) ? 1 : 0;
        } else expect(error).toBeInstanceOf(Unavailable);
      },
    );
    // Concurrent calls share one look into the store; a chat that was unknown a moment ago needs none.
    expect(this.calls.length - before).toBe(shares || remembered ? 0 : 1);
    this.counted.shared += shares ? 1 : 0;
    this.counted.remembered += remembered ? 1 : 0;
  }

  #fence(chat: number): Promise<number> {
    const before = this.#acceptedIn(chat);
    return this.#call(() => {
      this.#stored.set(chat, Math.max(before, this.#stored.get(chat) ?? 0));
      return before;
    });
  }

  #highest(chat: number, seq: number | undefined): Promise<{ number: number } | undefined> {
    return this.#call(() => {
      const number = this.#stored.get(chat) ?? 0;
      expect(seq).toBeLessThanOrEqual(number);
      if (number > 0 && !this.#deleted.has(chat)) return { number };
      this.#absentSince.set(chat, this.clock.wall());
      return undefined;
    });
  }

  /** Checks that no counter begins below what was accepted before the first call that waits for it. */
  #seed(chat: number, number: number, epoch: number | undefined): Promise<void> {
    const askers = [...this.askers].filter((asker) => asker.chat === chat && asker.epoch === epoch);
    expect(askers).not.toEqual([]);
    expect(number).toBeGreaterThanOrEqual(askers[0]!.accepted);
    this.counted.seeded += 1;
    return this.#call(() => undefined);
  }

  #call<Answer>(read: () => Answer): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.calls.push((fails) => (fails ? reject(new Unavailable('store', 'as planned')) : resolve(read())));
    return promise;
  }

  #acceptedIn(chat: number): number {
    return this.#accepted.get(chat) ?? 0;
  }
}

/** The sequence of a chat's messages. Each chat has another token, because a fence is requested by token. */
function sequenceOf(chat: number): Sequence {
  return { kind: 'messages', token: `${TOKEN}${chat}`, chat };
}

function chatOf(sequence: Sequence): number {
  return sequence.kind === 'messages' ? sequence.chat : 0;
}

test('a counter begins above all that was accepted before it was missed, and each call ends', async () => {
  const counted: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (steps) => {
      const run = new Run();
      for (const step of steps) await run.take(step);
      while (run.calls.length > 0) await run.take({ kind: 'a call is answered', which: 0, fails: false });
      expect(run.askers.size).toBe(0);
      for (const [what, count] of Object.entries(run.counted)) counted[what] = (counted[what] ?? 0) + count;
    }),
    { numRuns: 400 },
  );
  // The random steps led to each kind of outcome.
  for (const count of Object.values(counted)) expect(count).toBeGreaterThan(20);
  expect(Object.keys(counted)).toHaveLength(5);
});
