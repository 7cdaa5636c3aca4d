import { expect, test } from 'bun:test';
import { type EventLog, NotFound, newToken, Unavailable } from '@parley/domain';
import { failure } from '@parley/testing';
import { settled } from './read-your-writes.ts';

const token = newToken();

/** Events whose fence does this; what is asked of them is noted. */
function eventsWith(fence: () => Promise<number>) {
  const asked: unknown[] = [];
  const events: Pick<EventLog, 'fence'> = {
    fence: (of) => {
      asked.push(of);
      return fence();
    },
  };
  return { events: events as EventLog, asked };
}

test('what is there is answered without a fence', async () => {
  const { events, asked } = eventsWith(async () => 1);
  expect(await settled(events, token, 'chat', async () => 'row')).toBe('row');
  expect(asked).toEqual([]);
});

test('what is there only behind the fence is found, by a second look', async () => {
  let stored = false;
  const { events, asked } = eventsWith(async () => {
    stored = true;
    return 1;
  });
  expect(await settled(events, token, 'chat', async () => (stored ? 'row' : undefined))).toBe('row');
  expect(asked).toEqual([token]);
});

test('what is absent behind the fence does not exist', async () => {
  const { events } = eventsWith(async () => 1);
  expect(await failure(settled(events, token, 'message', async () => undefined))).toBeInstanceOf(NotFound);
});

test('without the fence nobody knows: never NotFound', async () => {
  const away = new Unavailable('event log', 'It is away.');
  const { events } = eventsWith(() => Promise.reject(away));
  expect(await failure(settled(events, token, 'message', async () => undefined))).toBe(away);
});
