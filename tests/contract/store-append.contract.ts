import { describe, expect, test } from 'bun:test';
import { newEventId, newToken } from '@parley/domain';
import { messagesIn } from '@parley/testing';
import {
  applicationCreated,
  CountedStore,
  chatCreated,
  idempotencyKey,
  messagesCreated,
  storedChat,
} from './events.ts';
import { opened } from './open-harness.ts';
import type { StoreHarness } from './store.contract.ts';

export function storeAppendContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} store, append`, () => {
    const harness = opened(open);
    const counted = () => new CountedStore(harness().store);

    test('stores an application, its chat and its messages from one batch', async () => {
      const store = counted();
      const application = applicationCreated({ name: 'Café' });
      const { token } = application;
      const appended = await store.append([application, chatCreated(token), messagesCreated(token, 1, ['a', 'b'])]);
      expect(appended).toMatchObject({ rows: 4, repeated: 0, rejected: [] });
      expect(await store.store.application(token)).toMatchObject({ token, name: 'Café' });
      expect(await store.store.chat(token, 1)).toMatchObject({ number: 1, name: 'A chat' });
      expect(await store.store.message(token, 1, 2)).toMatchObject({ number: 2, content: 'b' });
      expect([await store.chatsCount(token), await store.messagesCount(token, 1)]).toEqual([1, 2]);
    });

    test('stores nothing for an empty batch', async () => {
      expect(await harness().store.append([])).toMatchObject({ rows: 0, repeated: 0, rejected: [] });
    });

    test('stores a batch create of 1,000 messages', async () => {
      const store = counted();
      const token = await storedChat(store);
      const contents = Array.from({ length: 1_000 }, (_, index) => `message ${index + 1}`);
      expect(await store.append([messagesCreated(token, 1, contents)])).toMatchObject({ rows: 1_000, rejected: [] });
      expect(await store.messagesCount(token, 1)).toBe(1_000);
      expect(await store.store.message(token, 1, 777)).toMatchObject({ content: 'message 777' });
    });

    test('skips an event that is already stored and reports it', async () => {
      const store = counted();
      const application = applicationCreated();
      const chat = chatCreated(application.token);
      const messages = messagesCreated(application.token, 1, ['a', 'b', 'c']);
      await store.append([application, chat, messages]);
      expect(await store.append([application, chat, messages])).toMatchObject({ rows: 0, repeated: 3, rejected: [] });
      expect(await store.chatsCount(application.token)).toBe(1);
      expect(await store.messagesCount(application.token, 1)).toBe(3);
    });

    test('stores an event once if one batch has it twice', async () => {
      const store = counted();
      const application = applicationCreated();
      const chat = chatCreated(application.token);
      const messages = messagesCreated(application.token, 1, ['a', 'b']);
      const appended = await store.append([application, application, chat, messages, chat, messages]);
      expect(appended).toMatchObject({ rows: 4, repeated: 3, rejected: [] });
      expect(await store.chatsCount(application.token)).toBe(1);
      expect(await store.messagesCount(application.token, 1)).toBe(2);
    });

    test('stores the new events of a batch and skips the repeated ones', async () => {
      const store = counted();
      const token = await storedChat(store);
      const [first, second] = [messagesCreated(token, 1, ['old']), messagesCreated(token, 2, ['new'])];
      await store.append([first]);
      expect(await store.append([first, second])).toMatchObject({ rows: 1, repeated: 1, rejected: [] });
      expect(await store.messagesCount(token, 1)).toBe(2);
    });

    test('a repeated event does not undo a later change of its message', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const messages = messagesCreated(token, 1, ['before']);
      await store.append([messages]);
      await store.changeMessage(token, 1, 1, { content: 'after' });
      await store.append([messages]);
      expect(await store.message(token, 1, 1)).toMatchObject({ content: 'after' });
    });

    test('rejects an event whose number is taken by another one as a collision, and keeps the stored one', async () => {
      const store = counted();
      const application = applicationCreated({ name: 'first' });
      const { token } = application;
      await store.append([application, chatCreated(token, { name: 'first' }), messagesCreated(token, 1, ['first'])]);
      const others = [
        applicationCreated({ token, name: 'second' }),
        chatCreated(token, { name: 'second' }),
        messagesCreated(token, 1, ['second']),
      ];
      const appended = await store.append(others);
      expect(appended).toMatchObject({ rows: 0, repeated: 0 });
      expect(appended.rejected.map(({ event, reason }) => [event.id, reason])).toEqual(
        others.map(({ id }) => [id, 'collision']),
      );
      // A rejection's detail is logged, so it must not have the application's token, a secret.
      for (const { detail } of appended.rejected) expect(detail).not.toContain(token);
      expect((await store.store.application(token))?.name).toBe('first');
      expect((await store.store.chat(token, 1))?.name).toBe('first');
      expect((await store.store.message(token, 1, 1))?.content).toBe('first');
      expect([await store.chatsCount(token), await store.messagesCount(token, 1)]).toEqual([1, 1]);
    });

    test('if two events of a batch have the same number, the first is stored', async () => {
      const store = counted();
      const token = await storedChat(store);
      const [first, second] = [messagesCreated(token, 1, ['first']), messagesCreated(token, 1, ['second'])];
      const appended = await store.append([first, second]);
      expect(appended.rejected.map(({ event, reason }) => [event.id, reason])).toEqual([[second.id, 'collision']]);
      expect((await store.store.message(token, 1, 1))?.content).toBe('first');
      expect(await store.messagesCount(token, 1)).toBe(1);
    });

    test('stores no message of an event if one of its numbers is taken', async () => {
      const store = counted();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 3, ['taken'])]);
      const appended = await store.append([messagesCreated(token, 1, ['a', 'b', 'c', 'd'])]);
      expect(appended).toMatchObject({ rows: 0, rejected: [{ reason: 'collision' }] });
      const page = await store.store.messages(token, 1, { limit: 10 });
      expect(messagesIn(page).map(({ number, content }) => [number, content])).toEqual([[3, 'taken']]);
      expect(await store.messagesCount(token, 1)).toBe(1);
    });

    test('rejects an event as unknown-owner if its application or chat is not stored', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const unknown = newToken();
      const events = [
        chatCreated(unknown),
        messagesCreated(unknown, 1, ['x']),
        messagesCreated(token, 1, ['x'], { chat: 2 }),
      ];
      const appended = await store.append(events);
      expect(appended).toMatchObject({ rows: 0, repeated: 0 });
      expect(appended.rejected.map(({ event, reason }) => [event.id, reason])).toEqual(
        events.map(({ id }) => [id, 'unknown-owner']),
      );
      expect(await store.message(token, 2, 1)).toBeUndefined();
      expect(await store.chat(unknown, 1)).toBeUndefined();
    });

    test('an event that was rejected as unknown-owner is stored when its owner is stored', async () => {
      const store = counted();
      const application = applicationCreated();
      const { token } = application;
      const [chat, messages] = [chatCreated(token), messagesCreated(token, 1, ['x'])];
      expect((await store.append([chat, messages])).rejected).toHaveLength(2);
      expect(await store.append([application, chat, messages])).toMatchObject({ rows: 3, rejected: [] });
      expect(await store.messagesCount(token, 1)).toBe(1);
    });

    test('a rejected event does not keep the rest of its batch from being stored', async () => {
      const store = counted();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 2, ['taken'])]);
      const appended = await store.append([
        messagesCreated(token, 1, ['before']),
        messagesCreated(token, 2, ['collides']),
        messagesCreated(newToken(), 1, ['nobody']),
        messagesCreated(token, 3, ['after']),
      ]);
      expect(appended.rows).toBe(2);
      expect(appended.rejected.map(({ reason }) => reason).sort()).toEqual(['collision', 'unknown-owner']);
      const page = await store.store.messages(token, 1, { limit: 10 });
      expect(messagesIn(page).map(({ content }) => content)).toEqual(['before', 'taken', 'after']);
      expect(await store.messagesCount(token, 1)).toBe(3);
    });

    test('accepts numbers that arrive out of order and with gaps', async () => {
      const store = counted();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 10, ['ten']), messagesCreated(token, 5, ['five'])]);
      await store.append([messagesCreated(token, 1, ['one'])]);
      const { rows } = await store.store.messages(token, 1, { limit: 10 });
      expect(rows.map(({ number }) => number)).toEqual([1, 5, 10]);
      expect(await store.messagesCount(token, 1)).toBe(3);
    });

    test('takes the highest number that fits a path', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 9_999_999_999, ['last'])]);
      expect(await store.message(token, 1, 9_999_999_999)).toMatchObject({ number: 9_999_999_999, content: 'last' });
      expect(await store.highest({ kind: 'messages', token, chat: 1 })).toMatchObject({ number: 9_999_999_999 });
    });

    test('counts each chat and application of a batch separately', async () => {
      const store = counted();
      const [a, b] = [applicationCreated(), applicationCreated()];
      await store.append([
        a,
        b,
        chatCreated(a.token),
        chatCreated(b.token),
        chatCreated(a.token, { number: 2 }),
        messagesCreated(a.token, 1, ['x', 'y']),
        messagesCreated(a.token, 1, ['z'], { chat: 2 }),
        messagesCreated(b.token, 1, ['w']),
        messagesCreated(a.token, 3, ['v']),
      ]);
      expect([await store.chatsCount(a.token), await store.chatsCount(b.token)]).toEqual([2, 1]);
      const counts = [
        await store.messagesCount(a.token, 1),
        await store.messagesCount(a.token, 2),
        await store.messagesCount(b.token, 1),
      ];
      expect(counts).toEqual([3, 1, 1]);
    });

    test('stores and counts each event once under concurrent appends and repetitions', async () => {
      const store = counted();
      const token = await storedChat(store);
      const events = Array.from({ length: 40 }, (_, index) => messagesCreated(token, index + 1, [`${index + 1}`]));
      await Promise.all([...events, ...events].map((event) => store.append([event])));
      expect(await store.messagesCount(token, 1)).toBe(40);
      const page = await store.store.messages(token, 1, { limit: 100 });
      expect(messagesIn(page).map(({ content }) => content)).toEqual(events.map(({ first }) => `${first}`));
    });

    test('stores events that carry an idempotency key, each key within its own application', async () => {
      const store = counted();
      const [a, b] = [await storedChat(store), await storedChat(store)];
      const key = idempotencyKey(newEventId(), 'body');
      const events = [messagesCreated(a, 1, ['x'], { key }), messagesCreated(b, 1, ['x'], { key })];
      expect(await store.append(events)).toMatchObject({ rows: 2, rejected: [] });
      expect(await store.append(events)).toMatchObject({ rows: 0, repeated: 2, rejected: [] });
    });

    test('a ping resolves while the store accepts writes', async () => {
      await harness().store.ping();
    });
  });
}
