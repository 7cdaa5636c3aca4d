import { describe, expect, test } from 'bun:test';
import {
  ACKNOWLEDGE_WITHIN_MS,
  type Event,
  EventRejected,
  newEventId,
  newToken,
  type StoreEvents,
  Unavailable,
} from '@parley/domain';
import { failure, publishTo, thrownApart, until } from '@parley/testing';
import { type Attempts, EmbeddedLog } from './event-log.ts';

const QUEUE_BYTES_MAX = 1_000_000;

function messages(contents = ['x'], token = newToken()): Event {
  return { type: 'messages', id: newEventId(), epoch: 1, at: Date.now(), token, chat: 1, first: 1, contents };
}

const unheard: Attempts = { begun: () => {}, ended: () => {} };

async function logWith(handle: StoreEvents, { queueBytesMax = QUEUE_BYTES_MAX, attempts = unheard } = {}) {
  const log = new EmbeddedLog(queueBytesMax, attempts);
  await log.consume(handle);
  return log;
}

/** Returns a handler that takes batches of events, but resolves only after `release`. */
function heldHandler() {
  const batches: (readonly Event[])[] = [];
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const handle: StoreEvents = async (events) => {
    batches.push(events);
    enter();
    await released;
    return [];
  };
  return { handle, batches, entered, release };
}

describe('the embedded event log', () => {
  test('acknowledges an event only after the handler has stored it', async () => {
    const { handle, entered, release } = heldHandler();
    const log = await logWith(handle);
    let acknowledged = false;
    const published = publishTo(log, messages()).then(() => {
      acknowledged = true;
    });
    await entered;
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(acknowledged).toBe(false);
    release();
    await published;
    expect(acknowledged).toBe(true);
  });

  test('hands on in one batch what comes in one turn of the event loop', async () => {
    const sizes: number[] = [];
    const log = await logWith(async (events) => {
      sizes.push(events.length);
      return [];
    });
    await Promise.all(Array.from({ length: 500 }, () => publishTo(log, messages())));
    expect(sizes).toEqual([500]);
  });

  test('hands on at most 5,000 rows at once, and an event that has more alone', async () => {
    const rows: number[] = [];
    const log = await logWith(async (events) => {
      rows.push(events.reduce((sum, event) => sum + (event.type === 'messages' ? event.contents.length : 1), 0));
      return [];
    });
    const sizes = [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 6_000, 1];
    await Promise.all(sizes.map((size) => publishTo(log, messages(Array(size).fill('x')))));
    expect(rows).toEqual([5_000, 1_000, 6_000, 1]);
  });

  test('hands on what comes right after an acknowledgement, however many steps later', async () => {
    const log = await logWith(async () => []);
    for (let steps = 0; steps < 20; steps += 1) {
      await publishTo(log, messages());
      for (let step = 0; step < steps; step += 1) await undefined;
      await publishTo(log, messages());
    }
  });

  test('refuses before anybody consumes and after the stop, and takes again when somebody does', async () => {
    const log = new EmbeddedLog(QUEUE_BYTES_MAX, unheard);
    const event = messages();
    expect(log.refusal(event.token)).toBeInstanceOf(Unavailable);
    expect(await failure(publishTo(log, event))).toBeInstanceOf(Unavailable);
    await log.consume(async () => []);
    expect(log.refusal(event.token)).toBeUndefined();
    await log.stop();
    expect(await failure(publishTo(log, event))).toBeInstanceOf(Unavailable);
    await log.consume(async () => []);
    await publishTo(log, event);
  });

  test('a stop refuses what comes after it and stores all that came before', async () => {
    const { handle, batches, entered, release } = heldHandler();
    const log = await logWith(handle);
    const first = publishTo(log, messages());
    await entered;
    const second = publishTo(log, messages());
    const stopped = log.stop();
    const late = failure(publishTo(log, messages()));
    release();
    await Promise.all([first, second, stopped]);
    expect(await late).toBeInstanceOf(Unavailable);
    expect(batches.flat()).toHaveLength(2);
  });

  test('refuses while too many bytes wait, and takes again when they are stored', async () => {
    const { handle, entered, release } = heldHandler();
    const log = await logWith(handle, { queueBytesMax: 100_000 });
    const token = newToken();
    const accepted: Promise<void>[] = [];
    while (log.refusal(token) === undefined) accepted.push(publishTo(log, messages(['x'.repeat(1_000)], token)));
    await entered;
    expect(accepted.length).toBeGreaterThan(20);
    expect(accepted.length).toBeLessThan(100);
    const refused = await failure(publishTo(log, messages(['x'], token)));
    expect(refused).toMatchObject({ name: 'Unavailable', dependency: 'requests' });
    release();
    await Promise.all(accepted);
    expect(log.refusal(token)).toBeUndefined();
    await publishTo(log, messages(['x'], token));
  });

  test('a failed batch is refused as a whole, with Unavailable whatever the handler threw', async () => {
    for (const thrown of [new Error('a secret'), 'a text', new Unavailable('store', 'The disk is full.')]) {
      const log = await logWith(() => Promise.reject(thrown));
      const errors = await Promise.all([messages(), messages()].map((event) => failure(publishTo(log, event))));
      for (const error of errors) {
        expect(error).toBeInstanceOf(Unavailable);
        expect((error as Unavailable).message).not.toContain('secret');
      }
    }
  });

  test('a handler that throws at once is a failed batch too', async () => {
    const log = await logWith(() => {
      throw new Error('at once');
    });
    expect(await failure(publishTo(log, messages()))).toBeInstanceOf(Unavailable);
  });

  test('asks for no number for half a second after a batch has failed, and takes what comes all the same', async () => {
    let failing = true;
    const log = await logWith(async () => {
      if (failing) throw new Error('the disk is full');
      return [];
    });
    expect(log.refusal(newToken())).toBeUndefined();
    expect(await failure(publishTo(log, messages()))).toBeInstanceOf(Unavailable);
    expect(log.refusal(newToken())).toBeInstanceOf(Unavailable);
    failing = false;
    await publishTo(log, messages());
    await until('it takes events again', () => log.refusal(newToken()) === undefined);
  });

  test("a rejected event is its creator's error with its reason, the others of the batch are acknowledged", async () => {
    const bad = messages();
    const log = await logWith(async () => [{ event: bad, reason: 'unknown-owner', detail: 'for the operator' }]);
    const [good, refused] = await Promise.all([failure(publishTo(log, messages())), failure(publishTo(log, bad))]);
    expect(good).toBeUndefined();
    expect(refused).toEqual(new EventRejected('unknown-owner'));
  });

  test('tells once of the begin and of the end of each attempt: stored, rejected, failed or refused', async () => {
    const told: string[] = [];
    const [good, bad, failed, refused] = [messages(), messages(), messages(), messages()];
    const log = await logWith(
      async (events) => {
        if (events.includes(failed)) throw new Error('fails');
        return events.includes(bad) ? [{ event: bad, reason: 'collision', detail: '' }] : [];
      },
      { attempts: { begun: ({ id }) => told.push(`begun ${id}`), ended: ({ id }) => told.push(`ended ${id}`) } },
    );
    for (const event of [good, bad, failed]) await failure(publishTo(log, event));
    await log.stop();
    await failure(publishTo(log, refused));
    expect(told).toEqual([good, bad, failed, refused].flatMap(({ id }) => [`begun ${id}`, `ended ${id}`]));
  });

  test('refuses within two seconds what the store does not take, and never stores what waited meanwhile', async () => {
    const ended: string[] = [];
    const { handle, batches, entered, release } = heldHandler();
    const log = await logWith(handle, { attempts: { ...unheard, ended: ({ id }) => ended.push(id) } });
    const [inHand, waiting, later] = [messages(), messages(), messages()];
    const started = performance.now();
    const first = failure(publishTo(log, inHand));
    await entered;
    const second = failure(publishTo(log, waiting));
    expect(await first).toMatchObject({ name: 'Unavailable', dependency: 'store' });
    expect(await second).toMatchObject({ name: 'Unavailable', dependency: 'requests' });
    expect(performance.now() - started).toBeLessThan(ACKNOWLEDGE_WITHIN_MS);
    expect(ended).toEqual([waiting.id]); // the first event is being stored, so it may still succeed
    const third = publishTo(log, later);
    release();
    await third;
    expect(batches.flat().map(({ id }) => id)).toEqual([inHand.id, later.id]);
    expect(ended).toEqual([waiting.id, inHand.id, later.id]);
  });

  test('goes on for the others of a batch when a taker throws, and tells each once', async () => {
    const log = await logWith(async () => []);
    const told: string[] = [];
    const throwing = {
      published: () => {
        told.push('published');
        throw new Error('a taker');
      },
      publishFailed: () => told.push('failed'),
    };
    const thrown = await thrownApart(async () => {
      log.publish(messages(), throwing);
      await publishTo(log, messages());
      await publishTo(log, messages());
    });
    expect(told).toEqual(['published']);
    expect(thrown.map(String)).toEqual(['Error: a taker']);
  });

  test('a fence passes when the batches before it are refused: nothing of them is durable', async () => {
    const log = await logWith(() => Promise.reject(new Error('fails')));
    const published = failure(publishTo(log, messages()));
    await log.fence(newToken(), 5_000);
    expect(await published).toBeInstanceOf(Unavailable);
  });
});
