import { expect, test } from 'bun:test';
import { type EventLog, NotFound, newToken, type Store, Unavailable } from '@parley/domain';
import { failure } from '@parley/testing';
import { settled } from './read-your-writes.ts';

const token = newToken();

/** An event log and a store with these functions as `fence` and `reached`. Both record their calls. */
function partsWith(fence: () => Promise<number>, reach: () => Promise<void> = async () => {}) {
  const asked: unknown[][] = [];
  const events: Pick<EventLog, 'fence'> = {
    fence: (of) => {
      asked.push(['fence', of]);
      return fence();
    },
  };
  const reached: Store['reached'] = (of, seq) => {
    asked.push(['reached', of, seq]);
    return reach();
  };
  return { parts: { events: events as EventLog, store: { reached } }, asked };
}

test('a row that exists is returned without a fence', async () => {
  const { parts, asked } = partsWith(async () => 7);
  expect(await settled(parts, token, 'chat', async () => 'row')).toBe('row');
  expect(asked).toEqual([]);
});

test('a row that is stored only before the fence is found by a second read, when the store has reached it', async () => {
  let stored = false;
  const { parts, asked } = partsWith(
    async () => 7,
    async () => {
      stored = true;
    },
  );
  expect(await settled(parts, token, 'chat', async () => (stored ? 'row' : undefined))).toBe('row');
  expect(asked).toEqual([
    ['fence', token],
    ['reached', token, 7],
  ]);
});

test('a row that is absent after the fence does not exist', async () => {
  const { parts } = partsWith(async () => 7);
  expect(await failure(settled(parts, token, 'message', async () => undefined))).toBeInstanceOf(NotFound);
});

test.each(['fence', 'store'])('if the %s is unreachable, the error is Unavailable, never NotFound', async (which) => {
  const away = new Unavailable('event log', 'It is away.');
  const refuse = () => Promise.reject(away);
  const { parts } = which === 'fence' ? partsWith(refuse) : partsWith(async () => 7, refuse);
  expect(await failure(settled(parts, token, 'message', async () => undefined))).toBe(away);
});
