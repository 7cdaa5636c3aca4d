import { describe, expect, test } from 'bun:test';
import {
  ACKNOWLEDGE_WITHIN_MS,
  type Event,
  type EventLog,
  EventRejected,
  type EventSource,
  newToken,
  Unavailable,
} from '@parley/domain';
import { failure, publishTo, until } from '@parley/testing';
import { applicationCreated, chatCreated, idempotencyKey, messagesCreated } from './events.ts';
import { type Harness, opened } from './open-harness.ts';
import { Recorder } from './recorder.ts';

export interface EventLogHarness extends Harness {
  readonly log: EventLog;
  /** Returns a source, which delivers the log's events, not yet started. A test stops it before it starts another. */
  source(): EventSource;
  /** Whether a rejected event is kept as a dead letter. Always false if the log's `publish` rejects it instead. */
  isDeadLetter(event: Event): Promise<boolean>;
}

const FENCE_MS = 5_000;

/** The tests that every driver of EventLog and EventSource must pass. */
export function eventLogContract(name: string, open: () => Promise<EventLogHarness>): void {
  describe(`${name} event log`, () => {
    const harness = opened(open);

    /** Calls `run` while a source delivers to a Recorder, and stops the source even if `run` fails. */
    async function consuming(run: (log: EventLog, recorder: Recorder) => Promise<void>): Promise<void> {
      const recorder = new Recorder();
      const source = harness().source();
      await source.consume(recorder.handle);
      try {
        await run(harness().log, recorder);
      } finally {
        await source.stop();
      }
    }

    test('delivers a published event unchanged', () =>
      consuming(async (log, recorder) => {
        const token = newToken();
        const key = idempotencyKey('a key', 'a body');
        const texts = ['é e\u0301 \u0001 "\\ \u2028', '😀'.repeat(10_000), '漢字 שלום'];
        const events = [
          applicationCreated({ token, name: ' Ñame ', key }),
          chatCreated(token, { number: 9_999_999_999, key }),
          messagesCreated(token, 3, texts, { key }),
        ];
        for (const event of events) await publishTo(log, event);
        await log.fence(token, FENCE_MS);
        expect(recorder.stored(token)).toEqual(events);
      }));

    test('carries the largest batch create in one event', () =>
      consuming(async (log, recorder) => {
        const event = messagesCreated(newToken(), 1, Array(1_000).fill('a message of some length, as they are'));
        await publishTo(log, event);
        await log.fence(event.token, FENCE_MS);
        expect(recorder.stored(event.token)).toEqual([event]);
      }));

    test("delivers an application's events in the order they were published, at once or one by one", () =>
      consuming(async (log, recorder) => {
        const tokens = Array.from({ length: 5 }, newToken);
        for (let first = 1; first <= 600; first += 200) {
          const numbers = Array.from({ length: 200 }, (_, index) => first + index);
          await Promise.all(
            numbers.flatMap((number) => tokens.map((token) => publishTo(log, messagesCreated(token, number, ['x'])))),
          );
        }
        const inOrder = Array.from({ length: 600 }, (_, index) => index + 1);
        for (const token of tokens) {
          await log.fence(token, FENCE_MS);
          expect(recorder.stored(token).map((event) => event.type === 'messages' && event.first)).toEqual(inOrder);
        }
      }));

    test('delivers one batch of a partition at a time', () =>
      consuming(async (log, recorder) => {
        const token = newToken();
        for (let round = 0; round < 10; round += 1) {
          await Promise.all([1, 2, 3].map((number) => publishTo(log, messagesCreated(token, number, ['x']))));
        }
        await log.fence(token, FENCE_MS);
        expect(recorder.atOnceMax).toBe(1);
      }));

    test('has no reason to refuse events while the source runs', () =>
      consuming(async (log) => {
        const token = newToken();
        await publishTo(log, applicationCreated({ token }));
        expect(log.refusal(token)).toBeUndefined();
      }));

    test('an event may be published twice', () =>
      consuming(async (log, recorder) => {
        const event = messagesCreated(newToken(), 1, ['x']);
        await Promise.all([publishTo(log, event), publishTo(log, { ...event })]);
        await publishTo(log, event);
        await log.fence(event.token, FENCE_MS);
        expect(recorder.stored(event.token)).toEqual([event]);
      }));

    test('a fence of an application without events resolves', () =>
      consuming(async (log) => {
        await log.fence(newToken(), FENCE_MS);
      }));

    test('fences resolve only after all earlier events are stored', () =>
      consuming(async (log, recorder) => {
        const event = messagesCreated(newToken(), 1, ['x']);
        const release = recorder.hold();
        const published = publishTo(log, event);
        await until('the batch is being stored', () => recorder.hasTaken(event));
        const storedBefore: boolean[] = [];
        const fences = Array.from({ length: 10 }, () =>
          log.fence(event.token, FENCE_MS).then(() => storedBefore.push(recorder.hasStored(event))),
        );
        await nextTurns();
        expect(storedBefore).toEqual([]);
        release();
        await Promise.all(fences);
        expect(storedBefore).toEqual(Array(10).fill(true));
        await published;
      }));

    test('a fence rejects with Unavailable if the earlier events are not stored in time', () =>
      consuming(async (log, recorder) => {
        const event = messagesCreated(newToken(), 1, ['x']);
        const release = recorder.hold();
        const published = publishTo(log, event);
        await until('the batch is being stored', () => recorder.hasTaken(event));
        expect(await failure(log.fence(event.token, 20))).toBeInstanceOf(Unavailable);
        release();
        await published;
        await log.fence(event.token, FENCE_MS);
        expect(recorder.hasStored(event)).toBe(true);
      }));

    test('a rejected event becomes a dead letter or fails its publish; others are stored, and it is not delivered again', () =>
      consuming(async (log, recorder) => {
        const token = newToken();
        const events = [1, 2, 3].map((number) => messagesCreated(token, number, ['x']));
        const [before, bad, after] = events as [Event, Event, Event];
        recorder.reject(bad);
        const [first, second, third] = await Promise.allSettled(events.map((event) => publishTo(log, event)));
        expect([first?.status, third?.status]).toEqual(['fulfilled', 'fulfilled']);
        await log.fence(token, FENCE_MS);
        expect(recorder.stored(token)).toEqual([before, after]);
        if (second?.status === 'rejected') expect(second.reason).toEqual(new EventRejected('collision'));
        else await until('the event is a dead letter', () => harness().isDeadLetter(bad));
        await publishTo(log, messagesCreated(token, 4, ['later']));
        await log.fence(token, FENCE_MS);
        expect(recorder.taken.flat().filter(({ id }) => id === bad.id)).toHaveLength(1);
      }));

    test('when the handler fails, acknowledged events are still stored in order, and the others are refused', () =>
      consuming(async (log, recorder) => {
        const token = newToken();
        recorder.fail(new Unavailable('store', 'away'), new Error('unexpected'), new Unavailable('store', 'away'));
        const acknowledged: Event[] = [];
        for (let number = 1; number <= 20; number += 1) {
          const event = messagesCreated(token, number, ['x']);
          const refused = await failure(publishTo(log, event));
          if (refused === undefined) acknowledged.push(event);
          else expect(refused).toBeInstanceOf(Unavailable);
        }
        await log.fence(token, FENCE_MS);
        expect(acknowledged.length).toBeGreaterThanOrEqual(17);
        expect(recorder.stored(token).filter((event) => acknowledged.some(({ id }) => id === event.id))).toEqual(
          acknowledged,
        );
      }));

    test('a publish ends within two seconds even if the store takes nothing', () =>
      consuming(async (log, recorder) => {
        const token = newToken();
        const release = recorder.hold();
        const started = performance.now();
        const publishes = [1, 2, 3].map((number) => publishTo(log, messagesCreated(token, number, ['x'])));
        await until('the first batch is being stored', () => recorder.taken.length > 0);
        const later = publishTo(log, messagesCreated(token, 4, ['waits behind it']));
        const refused = (await Promise.all([...publishes, later].map(failure))).filter((error) => error !== undefined);
        expect(performance.now() - started).toBeLessThan(ACKNOWLEDGE_WITHIN_MS);
        for (const error of refused) expect(error).toBeInstanceOf(Unavailable);
        release();
        await log.fence(token, FENCE_MS);
      }));

    test('stopping waits for the batch that the handler has', async () => {
      const recorder = new Recorder();
      const source = harness().source();
      await source.consume(recorder.handle);
      const event = messagesCreated(newToken(), 1, ['x']);
      const release = recorder.hold();
      const published = publishTo(harness().log, event);
      await until('the batch is being stored', () => recorder.hasTaken(event));
      let stored: boolean | undefined;
      const stopped = source.stop().then(() => {
        stored = recorder.hasStored(event);
      });
      await nextTurns();
      expect(stored).toBeUndefined();
      release();
      await Promise.all([stopped, published]);
      expect(stored).toBe(true);
    });

    test('a stopped source takes no more events, and stop is harmless when repeated or before the start', async () => {
      const recorder = new Recorder();
      const source = harness().source();
      await source.consume(recorder.handle);
      await Promise.all([source.stop(), source.stop()]);
      await source.stop();
      await failure(publishTo(harness().log, messagesCreated(newToken(), 1, ['x'])));
      await nextTurns();
      expect(recorder.taken).toEqual([]);
      await harness().source().stop();
    });

    test('events acknowledged around a stop are stored by this source or the next one', async () => {
      const { log, source: newSource } = harness();
      const recorder = new Recorder();
      const acknowledged: Event[] = [];
      let published = 0;
      let done = false;
      const publishing = Array.from({ length: 20 }, async (_, turns) => {
        const token = newToken();
        for (let number = 1; !done; number += 1) {
          const event = messagesCreated(token, number, ['x']);
          published += 1;
          if ((await failure(publishTo(log, event))) === undefined) acknowledged.push(event);
          for (let turn = 0; turn < turns; turn += 1) await undefined;
          if (log.refusal(token) !== undefined) await nextTurns();
        }
      });
      for (let round = 0; round < 10; round += 1) {
        const source = newSource();
        await source.consume(recorder.handle);
        const before = published;
        await until('more was published', () => published > before + 50);
        await source.stop();
      }
      done = true;
      await Promise.all(publishing);
      await consumingInto(newSource(), recorder, async () => {
        await until('all is stored', () => acknowledged.every((event) => recorder.hasStored(event)));
      });
    });
  });
}

async function consumingInto(source: EventSource, recorder: Recorder, run: () => Promise<void>): Promise<void> {
  await source.consume(recorder.handle);
  await run().finally(() => source.stop());
}

/** Waits for 20 turns of the event loop, so that everything that is ready has run. */
async function nextTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
