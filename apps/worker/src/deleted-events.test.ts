import { expect, test } from 'bun:test';
import { type Event, Gone, newEventId, newToken, Unavailable } from '@parley/domain';
import { deletedEvents } from './deleted-events.ts';

const [dead, alive] = [newToken(), newToken()];
const common = { id: newEventId(), epoch: 1, at: Date.now() };
const chat = (token: string, number: number): Event => ({ type: 'chat', ...common, token, number, name: 'A chat' });
const message = (token: string, number: number): Event => ({
  ...{ type: 'messages', ...common, token, chat: number, first: 1, contents: ['x'] },
});

test('an event is deleted with its application or its chat, and each is looked up once', async () => {
  const reads: string[] = [];
  const isDeleted = deletedEvents({
    application: async (token) => {
      reads.push(token);
      if (token === dead) throw new Gone('application');
      return undefined;
    },
    chat: async (token, number) => {
      reads.push(`${token}:${number}`);
      if (number === 1) throw new Gone('chat');
      return undefined;
    },
  });
  const events: Event[] = [
    ...[{ type: 'application', ...common, token: dead, name: 'An app' } as const, chat(dead, 2), message(dead, 2)],
    ...[{ type: 'application', ...common, token: alive, name: 'An app' } as const, chat(alive, 1), message(alive, 1)],
    ...[chat(alive, 2), message(alive, 2), message(alive, 1)],
  ];
  const found: boolean[] = [];
  for (const event of events) found.push(await isDeleted(event));
  expect(found).toEqual([true, true, true, false, true, true, false, false, true]);
  expect(reads).toEqual([dead, alive, `${alive}:1`, `${alive}:2`]);
});

test('if the store is away, it is not known', async () => {
  const away = async () => {
    throw new Unavailable('store', 'The store is away.');
  };
  await expect(deletedEvents({ application: away, chat: away })(message(alive, 1))).rejects.toThrow('away');
});
