import { describe, expect, test } from 'bun:test';
import { Gone, messagePageOf, newToken, PAGE_ROWS_READ_MAX, type Page, type Store, type Token } from '@parley/domain';
import { failure } from '@parley/testing';
import { applicationCreated, chatCreated, idempotencyKey, messagesCreated, required, storedChat } from './events.ts';
import { opened } from './open-harness.ts';
import type { StoreHarness } from './store.contract.ts';

export function storeLifeContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} store, deletes`, () => {
    const harness = opened(open);

    test('what does not exist cannot be deleted', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      expect(await store.deleteApplication(newToken())).toBe(false);
      expect(await store.deleteChat(newToken(), 1)).toBe(false);
      expect(await store.deleteChat(token, 2)).toBe(false);
      expect(await store.deleteMessage(token, 1, 1)).toBe(false);
      expect(await store.deleteMessage(token, 2, 1)).toBe(false);
    });

    test('a deleted message is gone, and every other one stays', async () => {
      const { store, settleCounts } = harness();
      const token = await storedChat(store);
      const extras = ['a', 'b', 'c'].map((senderId) => ({ senderId, metadata: '{}' }));
      await store.append([messagesCreated(token, 1, ['a', 'b', 'c'], { extras })]);
      expect(await store.deleteMessage(token, 1, 2)).toBe(true);
      expect(await failure(store.message(token, 1, 2))).toBeInstanceOf(Gone);
      expect(await failure(store.changeMessage(token, 1, 2, { content: 'x' }))).toBeInstanceOf(Gone);
      const conditional = { content: 'x', senderId: 'z', versions: [9] };
      expect(await failure(store.changeMessage(token, 1, 2, conditional))).toBeInstanceOf(Gone);
      expect(numbersOf(await store.messages(token, 1, { limit: 5 }))).toEqual([1, 3]);
      const places = [1, 2, 3].map((number) => ({ chat: 1, number }));
      const found = await store.messagesAt(token, places);
      expect(found.map(({ number }) => number).sort()).toEqual([1, 3]);
      await settleCounts?.();
      expect(await store.chat(token, 1)).toMatchObject({ messagesCount: 2, version: 1 });
    });

    test('the number of a deleted message or chat is never free again', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const chat = chatCreated(token, { number: 2 });
      const messages = messagesCreated(token, 7, ['a', 'b']);
      await store.append([chat, messages]);
      for (const number of [7, 8]) expect(await store.deleteMessage(token, 1, number)).toBe(true);
      expect(await store.deleteChat(token, 2)).toBe(true);
      expect(await store.highest({ kind: 'messages', token, chat: 1 })).toMatchObject({ number: 8, at: messages.at });
      expect(await store.highest({ kind: 'chats', token })).toMatchObject({ number: 2 });
      const others = [messagesCreated(token, 8, ['other']), chatCreated(token, { number: 2 })];
      const appended = await store.append(others);
      expect(appended.rejected.map(({ reason }) => reason)).toEqual(['collision', 'collision']);
      expect(await failure(store.message(token, 1, 8))).toBeInstanceOf(Gone);
    });

    test('a redelivered event brings back nothing that was deleted', async () => {
      const { store } = harness();
      const application = applicationCreated({ name: 'secret' });
      const { token } = application;
      const chat = chatCreated(token, { name: 'secret' });
      const messages = messagesCreated(token, 1, ['secret', 'b']);
      // Whether an event of a deleted chat counts as repeated or as discarded depends on what the store remembers.
      const again = async () => {
        const { rows, repeated, discarded, rejected } = await store.append([application, chat, messages]);
        return { rows, known: repeated + discarded, rejected };
      };
      await store.append([application, chat, messages]);
      await store.deleteMessage(token, 1, 1);
      expect(await again()).toEqual({ rows: 0, known: 3, rejected: [] });
      expect(await failure(store.message(token, 1, 1))).toBeInstanceOf(Gone);
      await store.deleteChat(token, 1);
      expect(await again()).toEqual({ rows: 0, known: 3, rejected: [] });
      expect(await failure(store.chat(token, 1))).toBeInstanceOf(Gone);
      await store.deleteApplication(token);
      expect(await again()).toEqual({ rows: 0, known: 3, rejected: [] });
      expect(await failure(store.application(token))).toBeInstanceOf(Gone);
    });

    test('below a deleted chat nothing exists any more', async () => {
      const { store, settleCounts } = harness();
      const token = await storedChat(store);
      await store.append([chatCreated(token, { number: 2 }), messagesCreated(token, 1, ['a', 'b'])]);
      expect(await store.deleteChat(token, 1)).toBe(true);
      expect(await failure(store.chat(token, 1))).toBeInstanceOf(Gone);
      expect(await failure(store.changeChat(token, 1, { name: 'x', versions: [1] }))).toBeInstanceOf(Gone);
      expect(numbersOf(await store.chats(token, { limit: 5 }))).toEqual([2]);
      await expectNothingBelow(store, token);
      await settleCounts?.();
      expect(await store.application(token)).toMatchObject({ chatsCount: 1 });
    });

    test('below a deleted application nothing exists any more', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b'])]);
      expect(await store.deleteApplication(token)).toBe(true);
      expect(await failure(store.application(token))).toBeInstanceOf(Gone);
      expect(await failure(store.changeApplication(token, { name: 'x' }))).toBeInstanceOf(Gone);
      const before = { limit: 1, before: nextToken(token) };
      expect((await store.applications(before)).rows.map((row) => row.token)).not.toContain(token);
      expect(await store.chat(token, 1)).toBeUndefined();
      expect(await store.changeChat(token, 1, { name: 'x' })).toBeUndefined();
      expect(await store.deleteChat(token, 1)).toBe(false);
      expect(await store.chats(token, { limit: 5 })).toEqual({ rows: [], more: false });
      expect(await store.highest({ kind: 'chats', token })).toBeUndefined();
      await expectNothingBelow(store, token);
    });

    test('events below a deleted chat or application are discarded and counted, and the rest is stored', async () => {
      const { store } = harness();
      const [token, other] = [await storedChat(store), await storedChat(store)];
      await store.append([messagesCreated(token, 1, ['known']), chatCreated(token, { number: 2 })]);
      await store.deleteChat(token, 1);
      const first = await store.append([
        messagesCreated(token, 2, ['x']),
        messagesCreated(token, 1, ['y'], { chat: 2 }),
      ]);
      expect(first).toMatchObject({ rows: 1, repeated: 0, discarded: 1, rejected: [] });
      await store.deleteApplication(token);
      const below = [
        chatCreated(token, { number: 3 }),
        messagesCreated(token, 1, ['of a new chat'], { chat: 3 }),
        messagesCreated(token, 1, ['of a chat that never was'], { chat: 4 }),
        messagesCreated(token, 2, ['of a chat that lived'], { chat: 2 }),
      ];
      const second = await store.append([...below, messagesCreated(other, 1, ['stays'])]);
      expect(second).toMatchObject({ rows: 1, repeated: 0, discarded: 4, rejected: [] });
      expect(await store.message(other, 1, 1)).toMatchObject({ content: 'stays' });
      const unknown = await store.append([chatCreated(newToken())]);
      expect(unknown).toMatchObject({ discarded: 0, rejected: [{ reason: 'unknown-owner' }] });
    });

    test('an append that runs beside a delete stores nothing that is seen after it', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const append = (number: number) => store.append([messagesCreated(token, number, [`${number}`])]);
      await append(1);
      const numbers = Array.from({ length: 30 }, (_, index) => index + 2);
      const appends = numbers.map(append);
      const deleted = store.deleteChat(token, 1);
      const appended = await Promise.all(appends);
      expect(await deleted).toBe(true);
      for (const { rows, discarded, rejected } of appended) expect([rows + discarded, rejected]).toEqual([1, []]);
      expect(await append(99)).toMatchObject({ rows: 0, discarded: 1 });
      await expectNothingBelow(store, token);
    });

    test('of concurrent deletes all succeed, and the count falls once', async () => {
      const { store, settleCounts } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b'])]);
      const deletes = Array.from({ length: 10 }, () => store.deleteMessage(token, 1, 1));
      expect(await Promise.all(deletes)).toEqual(Array(10).fill(true));
      await settleCounts?.();
      expect(await store.chat(token, 1)).toMatchObject({ messagesCount: 1 });
      expect(await Promise.all([1, 2, 3].map(() => store.deleteChat(token, 1)))).toEqual([true, true, true]);
      await settleCounts?.();
      expect(await store.application(token)).toMatchObject({ chatsCount: 0 });
    });

    test('pages skip deleted rows in both directions, and say whether more follow', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, Array<string>(40).fill('x'))]);
      const living = [1, 2, 20, 21, 40];
      for (let number = 1; number <= 40; number += 1) {
        if (!living.includes(number)) await store.deleteMessage(token, 1, number);
      }
      const page = async (request: Parameters<Store['messages']>[2]) => {
        const found = await store.messages(token, 1, request);
        expect(found.through).toBeUndefined();
        return [numbersOf(found), found.more];
      };
      expect(await page({ limit: 3 })).toEqual([[1, 2, 20], true]);
      expect(await page({ limit: 3, after: 2 })).toEqual([[20, 21, 40], false]);
      expect(await page({ limit: 2, before: 40 })).toEqual([[20, 21], true]);
      expect(await page({ limit: 3, order: 'desc' })).toEqual([[40, 21, 20], true]);
      expect(await page({ limit: 2, after: 2, order: 'desc' })).toEqual([[21, 20], true]);
      expect(await page({ limit: 5 })).toEqual([living, false]);
      expect(await page({ limit: 5, after: 21, order: 'desc' })).toEqual([[40], false]);
    });

    test('pages of chats and applications skip deleted ones', async () => {
      const { store } = harness();
      const tokens = Array.from({ length: 4 }, () => newToken()).sort();
      const [first = '', second = '', third = '', last = ''] = tokens;
      await store.append(tokens.map((token) => applicationCreated({ token })));
      await store.append([1, 2, 3, 4].map((number) => chatCreated(last, { number })));
      for (const number of [1, 3]) await store.deleteChat(last, number);
      expect(numbersOf(await store.chats(last, { limit: 5 }))).toEqual([2, 4]);
      expect(numbersOf(await store.chats(last, { limit: 1, order: 'desc' }))).toEqual([4]);
      for (const token of [second, third]) await store.deleteApplication(token);
      const seen = new Set<Token>();
      for (let after: Token | undefined = '00000000-0000-4000-8000-000000000000'; after !== undefined; ) {
        const page: Awaited<ReturnType<Store['applications']>> = await store.applications({ limit: 3, after });
        for (const row of page.rows) seen.add(row.token);
        after = page.more ? required(page.rows.at(-1)).token : undefined;
      }
      expect(tokens.filter((token) => seen.has(token))).toEqual([first, last]);
    });

    test(`a page ends after ${PAGE_ROWS_READ_MAX} rows, and tells where the next one begins`, async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const rows = PAGE_ROWS_READ_MAX + 50;
      for (let first = 1; first <= rows; first += 1_000) {
        const contents = Array<string>(Math.min(1_000, rows + 1 - first)).fill('x');
        await store.append([messagesCreated(token, first, contents)]);
      }
      for (let first = 2; first < rows; first += 50) {
        const some = Array.from({ length: 50 }, (_, index) => first + index).filter((number) => number < rows);
        await Promise.all(some.map((number) => store.deleteMessage(token, 1, number)));
      }
      const page = await store.messages(token, 1, { limit: 2 });
      expect([numbersOf(page), page.more, page.through]).toEqual([[1], true, PAGE_ROWS_READ_MAX]);
      const rest = await store.messages(token, 1, { limit: 2, after: PAGE_ROWS_READ_MAX });
      expect([numbersOf(rest), rest.more, rest.through]).toEqual([[rows], false, undefined]);
      const back = await store.messages(token, 1, { limit: 2, before: rows });
      expect([numbersOf(back), back.more, back.through]).toEqual([[], true, rows - PAGE_ROWS_READ_MAX]);
    }, 60_000);

    test('a keyed create is not found in an application or chat that was deleted', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const key = idempotencyKey(newToken(), 'body');
      await store.append([messagesCreated(token, 1, ['x'], { key })]);
      const [chats, messages] = [{ kind: 'chats', token } as const, { kind: 'messages', token, chat: 1 } as const];
      for (const sequence of [undefined, chats, messages]) {
        expect(await store.keyedCreate(token, key.hash, sequence)).toMatchObject({ first: 1 });
      }
      await store.deleteChat(token, 1);
      expect(await store.keyedCreate(token, key.hash, messages)).toBeUndefined();
      expect(await store.keyedCreate(token, key.hash, chats)).toMatchObject({ first: 1 });
      await store.deleteApplication(token);
      expect(await store.keyedCreate(token, key.hash, chats)).toBeUndefined();
    });
  });
}

/** No read, change or delete finds the messages 1 and 2 of chat 1, and the chat gives no number. */
async function expectNothingBelow(store: Store, token: Token): Promise<void> {
  expect(await store.message(token, 1, 1)).toBeUndefined();
  expect(await store.messages(token, 1, { limit: 5 })).toEqual(messagePageOf({ rows: [], more: false }));
  expect(await store.messagesAt(token, [{ chat: 1, number: 1 }])).toEqual([]);
  expect(await store.changeMessage(token, 1, 1, { content: 'x' })).toBeUndefined();
  expect(await store.changeMessage(token, 1, 1, { content: 'x', versions: [1] })).toBeUndefined();
  expect(await store.deleteMessage(token, 1, 1)).toBe(false);
  expect(await store.highest({ kind: 'messages', token, chat: 1 })).toBeUndefined();
}

function numbersOf({ rows }: Page<{ readonly number: number }>): number[] {
  return rows.map(({ number }) => number);
}

/** The next token in the order of tokens. */
function nextToken(token: Token): Token {
  const last = Number.parseInt(token.slice(-8), 16) + 1;
  return token.slice(0, -8) + Math.min(last, 0xff_ff_ff_ff).toString(16).padStart(8, '0');
}
