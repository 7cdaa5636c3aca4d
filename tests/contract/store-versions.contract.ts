import { describe, expect, test } from 'bun:test';
import { Gone, messageJson, newToken, SenderFixed, VersionConflict } from '@parley/domain';
import { failure, messagesIn } from '@parley/testing';
import { applicationCreated, chatCreated, messagesCreated, required, storedChat } from './events.ts';
import { opened } from './open-harness.ts';
import type { StoreHarness } from './store.contract.ts';

const LONG_AGO = Date.UTC(2019, 4, 3, 2, 1, 0, 7);

/** What rows have besides names and contents, and changes under a condition. */
export function storeVersionsContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} store, extras and versions`, () => {
    const harness = opened(open);

    test('keeps metadata of applications and chats, and leaves it out where none was given', async () => {
      const { store } = harness();
      const application = applicationCreated({ metadata: '{"plan":"pro","ü":"🎉"}' });
      const { token } = application;
      await store.append([
        application,
        chatCreated(token, { metadata: '{"topic":null}' }),
        chatCreated(token, { number: 2 }),
      ]);
      expect(await store.application(token)).toMatchObject({ metadata: '{"plan":"pro","ü":"🎉"}', version: 1 });
      expect(await store.chat(token, 1)).toMatchObject({ metadata: '{"topic":null}', version: 1 });
      const { rows } = await store.chats(token, { limit: 5 });
      expect(rows.map(({ metadata }) => metadata)).toEqual(['{"topic":null}', undefined]);
    });

    test("keeps each message's sender, metadata and time of creation, in every kind of read", async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const at = Date.now();
      const extras = [
        { senderId: 'user:1', metadata: '{"a":[1]}', createdAt: LONG_AGO },
        {},
        { senderId: 'user:2' },
        { metadata: '{}' },
        { createdAt: LONG_AGO + 1 },
      ];
      const contents = ['one', 'two', 'three', 'four', 'five'];
      await store.append([messagesCreated(token, 1, contents, { at, extras }), messagesCreated(token, 6, ['six'])]);
      const shown = messagesIn(await store.messages(token, 1, { limit: 5 }));
      expect(shown.map(({ sender_id, metadata, created_at }) => [sender_id, metadata, Date.parse(created_at)])).toEqual(
        [
          ['user:1', { a: [1] }, LONG_AGO],
          [undefined, undefined, at],
          ['user:2', undefined, at],
          [undefined, {}, at],
          [undefined, undefined, LONG_AGO + 1],
        ],
      );
      expect(shown.map(({ content }) => content)).toEqual(contents);
      const first = required(await store.message(token, 1, 1));
      expect(first).toMatchObject({ senderId: 'user:1', metadata: '{"a":[1]}', createdAt: LONG_AGO, version: 1 });
      expect(JSON.parse(messageJson(first))).toEqual(shown[0]);
      expect(await store.messagesAt(token, [{ chat: 1, number: 1 }])).toEqual([{ chat: 1, ...first }]);
      expect(await store.message(token, 1, 6)).toMatchObject({ content: 'six', version: 1 });
    });

    test("the highest number's time is that of its acceptance, whatever time the client gave", async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const at = Date.now() - 5_000;
      await store.append([messagesCreated(token, 1, ['old'], { at, extras: [{ createdAt: LONG_AGO }] })]);
      expect(await store.highest({ kind: 'messages', token, chat: 1 })).toMatchObject({ number: 1, epoch: 1, at });
    });

    test('a change changes only what is given, and raises the version by one', async () => {
      const { store } = harness();
      const application = applicationCreated({ metadata: '{"a":1}' });
      const { token } = application;
      await store.append([application, chatCreated(token, { metadata: '{"b":2}' })]);
      const change = async (...[some]: [Parameters<typeof store.changeApplication>[1]]) =>
        required(await store.changeApplication(token, some));
      expect(await change({ name: 'New' })).toMatchObject({ name: 'New', metadata: '{"a":1}', version: 2 });
      expect(await change({ retentionDays: 30 })).toMatchObject({ name: 'New', retentionDays: 30, version: 3 });
      expect(await change({ metadata: '{"c":3}' })).toMatchObject({ metadata: '{"c":3}', retentionDays: 30 });
      const bare = await change({ metadata: null, retentionDays: null });
      expect([bare.name, bare.metadata, bare.retentionDays, bare.version]).toEqual(['New', undefined, undefined, 5]);
      expect(await store.application(token)).toEqual(bare);
      expect(await store.changeChat(token, 1, { metadata: '{}' })).toMatchObject({ name: 'A chat', metadata: '{}' });
      const chat = required(await store.changeChat(token, 1, { name: '', metadata: null }));
      expect([chat.name, chat.metadata, chat.version]).toEqual(['', undefined, 3]);
    });

    test('a change of a message keeps its sender, and what else is not given', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const extras = [{ senderId: 'ann', metadata: '{"a":1}', createdAt: LONG_AGO }];
      await store.append([messagesCreated(token, 1, ['before'], { extras })]);
      const kept = { senderId: 'ann', createdAt: LONG_AGO };
      const first = await store.changeMessage(token, 1, 1, { content: 'after' });
      expect(first).toMatchObject({ ...kept, content: 'after', metadata: '{"a":1}', version: 2 });
      expect(required(first).updatedAt).toBeGreaterThan(LONG_AGO);
      const second = required(await store.changeMessage(token, 1, 1, { metadata: null, senderId: 'ann' }));
      expect(second).toMatchObject({ ...kept, content: 'after', version: 3 });
      expect(second.metadata).toBeUndefined();
      expect(await store.message(token, 1, 1)).toEqual(second);
    });

    test('a change that names another sender is refused, and so is one of a message without a sender', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b'], { extras: [{ senderId: 'ann' }, {}] })]);
      for (const number of [1, 2]) {
        const change = store.changeMessage(token, 1, number, { content: 'x', senderId: 'bob' });
        expect(await failure(change)).toBeInstanceOf(SenderFixed);
      }
      for (const [number, content] of [
        [1, 'a'],
        [2, 'b'],
      ] as const) {
        expect(await store.message(token, 1, number)).toMatchObject({ content, version: 1 });
      }
    });

    test('a change with versions is made only if the row has one of them', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a'])]);
      const changes = [
        (versions: number[]) => store.changeApplication(token, { name: 'x', versions }),
        (versions: number[]) => store.changeChat(token, 1, { name: 'x', versions }),
        (versions: number[]) => store.changeMessage(token, 1, 1, { content: 'x', versions }),
      ];
      for (const change of changes) {
        for (const versions of [[2], [], [7, 8]])
          expect(await failure(change(versions))).toBeInstanceOf(VersionConflict);
        expect(await change([9, 1])).toMatchObject({ version: 2 });
        expect(await failure(change([1]))).toBeInstanceOf(VersionConflict);
        expect(await change([2])).toMatchObject({ version: 3 });
      }
      expect(await store.changeChat(token, 2, { name: 'x', versions: [1] })).toBeUndefined();
      expect(await store.changeMessage(newToken(), 1, 1, { content: 'x', versions: [1] })).toBeUndefined();
    });

    test('of concurrent changes of one version exactly one succeeds', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const results = await Promise.allSettled(
        Array.from({ length: 50 }, (_, n) => store.changeChat(token, 1, { name: `${n}`, versions: [1] })),
      );
      const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(refused).toHaveLength(49);
      for (const reason of refused) expect(reason).toBeInstanceOf(VersionConflict);
      expect(await store.chat(token, 1)).toMatchObject({ version: 2 });
    });

    test('each of 50 concurrent changes that are allowed gets a version of its own', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['x'])]);
      const versions = Array.from({ length: 50 }, (_, index) => index + 1);
      const rows = await Promise.all(
        versions.map((version) => store.changeMessage(token, 1, 1, { content: `${version}`, versions })),
      );
      const given = rows.map((row) => required(row).version).sort((a, b) => a - b);
      expect(given).toEqual(versions.map((version) => version + 1));
      const last = rows.find((row) => row?.version === 51);
      expect(await store.message(token, 1, 1)).toMatchObject({ content: required(last).content, version: 51 });
    });

    test('a delete with versions is made only if the row has one of them', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a'])]);
      const deletes = [
        (versions: number[]) => store.deleteMessage(token, 1, 1, versions),
        (versions: number[]) => store.deleteChat(token, 1, versions),
        (versions: number[]) => store.deleteApplication(token, versions),
      ];
      const read = [() => store.message(token, 1, 1), () => store.chat(token, 1), () => store.application(token)];
      for (const [place, remove] of deletes.entries()) {
        expect(await failure(remove([2]))).toBeInstanceOf(VersionConflict);
        expect(await read[place]?.()).toMatchObject({ version: 1 });
        expect(await remove([1])).toBe(true);
        expect(await remove([1])).toBe(true);
        expect(await failure(read[place]?.() ?? Promise.resolve())).toBeInstanceOf(Gone);
      }
    });
  });
}
