import { describe, expect, test } from 'bun:test';
import { messageJson, messagePageOf, newToken, type Page, type PageRequest } from '@parley/domain';
import { messagesIn } from '@parley/testing';
import { applicationCreated, chatCreated, messagesCreated, required, storedChat } from './events.ts';
import { opened } from './open-harness.ts';
import type { StoreHarness } from './store.contract.ts';

/** A time for creations: long ago, so that changes come later, and not a whole second. */
const AT = Date.UTC(2024, 1, 29, 23, 59, 59, 987);

export function storeReadsContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} store, reads and changes`, () => {
    const harness = opened(open);

    test('returns undefined for rows that are not stored', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      expect(await store.application(newToken())).toBeUndefined();
      expect(await store.chat(newToken(), 1)).toBeUndefined();
      expect(await store.chat(token, 2)).toBeUndefined();
      expect(await store.message(newToken(), 1, 1)).toBeUndefined();
      expect(await store.message(token, 1, 1)).toBeUndefined();
      expect(await store.message(token, 2, 1)).toBeUndefined();
    });

    test("a created row has its event's time to the millisecond", async () => {
      const { store } = harness();
      const application = applicationCreated({ at: AT });
      const { token } = application;
      await store.append([
        application,
        chatCreated(token, { at: AT + 1 }),
        messagesCreated(token, 1, ['a', 'b'], { at: AT + 2 }),
      ]);
      const times = (at: number) => ({ createdAt: at, updatedAt: at });
      expect(await store.application(token)).toMatchObject(times(AT));
      expect(await store.chat(token, 1)).toMatchObject(times(AT + 1));
      expect(await store.message(token, 1, 2)).toEqual({ number: 2, content: 'b', version: 1, ...times(AT + 2) });
    });

    test('pages and single reads return the same rows', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b'], { at: AT })]);
      const page = await store.messages(token, 1, { limit: 10 });
      const single = [1, 2].map(async (number) => messageJson(required(await store.message(token, 1, number))));
      expect(new TextDecoder().decode(page.json)).toBe(`[${(await Promise.all(single)).join()}]`);
      const chats = await store.chats(token, { limit: 10 });
      expect(chats.rows).toEqual([required(await store.chat(token, 1))]);
    });

    test("reads an application's messages at given places and leaves out those that do not exist", async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([chatCreated(token, { number: 2 }), messagesCreated(token, 1, ['other'], { chat: 2 })]);
      await store.append([messagesCreated(token, 1, ['a', 'b', 'c'], { at: AT })]);
      const at = (chat: number, ...numbers: number[]) => numbers.map((number) => ({ chat, number }));
      const rows = await store.messagesAt(token, [...at(1, 3, 1, 9, 9_999_999_999), ...at(2, 1, 2)]);
      const times = { createdAt: AT, updatedAt: AT };
      expect([...rows].sort((a, b) => a.chat - b.chat || a.number - b.number)).toMatchObject([
        { chat: 1, number: 1, content: 'a', version: 1, ...times },
        { chat: 1, number: 3, content: 'c', version: 1, ...times },
        { chat: 2, number: 1, content: 'other' },
      ]);
      expect(await store.messagesAt(token, [])).toEqual([]);
      expect(await store.messagesAt(token, at(3, 1))).toEqual([]);
      expect(await store.messagesAt(newToken(), at(1, 1))).toEqual([]);
      const all = Array.from({ length: 200 }, (_, index) => index + 1);
      expect(await store.messagesAt(token, at(1, ...all))).toHaveLength(3);
    });

    test('pages messages forwards over gaps to the end', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      for (const first of [2, 5, 9, 10, 40]) await store.append([messagesCreated(token, first, [`${first}`])]);
      const page = async (after: number) => numbers(await store.messages(token, 1, { limit: 2, after }));
      expect(numbers(await store.messages(token, 1, { limit: 2 }))).toEqual([[2, 5], true]);
      expect(await page(5)).toEqual([[9, 10], true]);
      expect(await page(7)).toEqual([[9, 10], true]);
      expect(await page(10)).toEqual([[40], false]);
      expect(await page(40)).toEqual([[], false]);
      expect(await page(9_999_999_999)).toEqual([[], false]);
    });

    test('pages messages backwards over gaps to the start, still ascending', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      for (const first of [2, 5, 9, 10, 40]) await store.append([messagesCreated(token, first, [`${first}`])]);
      const page = async (before: number) => numbers(await store.messages(token, 1, { limit: 2, before }));
      expect(await page(9_999_999_999)).toEqual([[10, 40], true]);
      expect(await page(41)).toEqual([[10, 40], true]);
      expect(await page(10)).toEqual([[5, 9], true]);
      expect(await page(5)).toEqual([[2], false]);
      expect(await page(2)).toEqual([[], false]);
      expect(await page(1)).toEqual([[], false]);
    });

    test('a page that ends with the last row says that no more follow', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b', 'c'])]);
      expect(numbers(await store.messages(token, 1, { limit: 3 }))).toEqual([[1, 2, 3], false]);
      expect(numbers(await store.messages(token, 1, { limit: 3, before: 4 }))).toEqual([[1, 2, 3], false]);
      expect(numbers(await store.messages(token, 1, { limit: 1, after: 2 }))).toEqual([[3], false]);
    });

    test('a descending page starts with the highest number, and after and before bound the same rows as in ascending order', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      for (const first of [2, 5, 9, 10, 40]) await store.append([messagesCreated(token, first, [`${first}`])]);
      const page = async (bounds: Partial<PageRequest<number>>) =>
        numbers(await store.messages(token, 1, { limit: 2, order: 'desc', ...bounds }));
      expect(await page({})).toEqual([[40, 10], true]);
      expect(await page({ before: 10 })).toEqual([[9, 5], true]);
      expect(await page({ before: 5 })).toEqual([[2], false]);
      expect(await page({ before: 2 })).toEqual([[], false]);
      expect(await page({ after: 0 })).toEqual([[5, 2], true]);
      expect(await page({ after: 5 })).toEqual([[10, 9], true]);
      expect(await page({ after: 10 })).toEqual([[40], false]);
      expect(await page({ limit: 5 })).toEqual([[40, 10, 9, 5, 2], false]);
    });

    test('chats and applications are paged in descending order too', async () => {
      const { store } = harness();
      const tokens = neighbouringTokens(3);
      const [first, second, above] = tokens as [string, string, string];
      await store.append([first, second].map((token) => applicationCreated({ token })));
      await store.append([1, 3, 4].map((number) => chatCreated(first, { number })));
      const chats = async (bounds: Partial<PageRequest<number>>) =>
        numbers(await store.chats(first, { limit: 2, order: 'desc', ...bounds }));
      expect(await chats({})).toEqual([[4, 3], true]);
      expect(await chats({ before: 3 })).toEqual([[1], false]);
      expect(await chats({ after: 0 })).toEqual([[3, 1], true]);
      const applications = async (bounds: Partial<PageRequest<string>>) =>
        tokensOf(await store.applications({ limit: 2, order: 'desc', ...bounds }));
      expect(await applications({ before: above })).toEqual([second, first]);
      expect((await applications({ after: first }))[0]).not.toBe(first);
      const newest = await applications({});
      expect(newest).toEqual([...newest].sort().reverse());
      expect(await applications({ limit: 1 })).toEqual([required(newest[0])]);
      expect(await applications({ after: required(newest[0]) })).toEqual([]);
    });

    test('after=0 reads from the first row, and order=asc is the default', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b', 'c'])]);
      for (const request of [{ limit: 2 }, { limit: 2, after: 0 }, { limit: 2, order: 'asc' as const }]) {
        expect(numbers(await store.messages(token, 1, request))).toEqual([[1, 2], true]);
        expect(numbers(await store.chats(token, request))).toEqual([[1], false]);
      }
    });

    test('a chat may be created with an empty name, or get one later', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([chatCreated(token, { number: 2, name: '' })]);
      expect(await store.chat(token, 2)).toMatchObject({ number: 2, name: '' });
      expect(await store.changeChat(token, 2, { name: 'Named' })).toMatchObject({ name: 'Named' });
      expect(await store.changeChat(token, 2, { name: '' })).toMatchObject({ name: '' });
      expect((await store.chats(token, { limit: 10, after: 1 })).rows).toMatchObject([{ number: 2, name: '' }]);
    });

    test('pages chats both ways over gaps', async () => {
      const { store } = harness();
      const application = applicationCreated();
      const { token } = application;
      await store.append([application, ...[1, 3, 4, 11].map((number) => chatCreated(token, { number }))]);
      expect(numbers(await store.chats(token, { limit: 2 }))).toEqual([[1, 3], true]);
      expect(numbers(await store.chats(token, { limit: 2, after: 2 }))).toEqual([[3, 4], true]);
      expect(numbers(await store.chats(token, { limit: 2, after: 4 }))).toEqual([[11], false]);
      expect(numbers(await store.chats(token, { limit: 2, before: 11 }))).toEqual([[3, 4], true]);
      expect(numbers(await store.chats(token, { limit: 2, before: 3 }))).toEqual([[1], false]);
    });

    test('pages applications by token both ways', async () => {
      const { store } = harness();
      const tokens = neighbouringTokens(5);
      const [below, first, second, third, above] = tokens as [string, string, string, string, string];
      await store.append([third, first, second].map((token) => applicationCreated({ token })));
      const after = async (token: string) => tokensOf(await store.applications({ limit: 2, after: token }));
      const before = async (token: string) => tokensOf(await store.applications({ limit: 2, before: token }));
      expect(await after(below)).toEqual([first, second]);
      expect(await after(first)).toEqual([second, third]);
      expect(await before(above)).toEqual([second, third]);
      expect(await before(third)).toEqual([first, second]);
      expect((await store.applications({ limit: 2, after: below })).more).toBe(true);
      expect((await store.applications({ limit: 2, before: above })).more).toBe(true);
    });

    test('applications are paged from the first one if no token is given, and the last page says that no more follow', async () => {
      const { store } = harness();
      await store.append(Array.from({ length: 3 }, () => applicationCreated()));
      const page = await store.applications({ limit: 2 });
      expect(page.more).toBe(true);
      expect(tokensOf(page)).toEqual(tokensOf(page).sort());
      expect(tokensOf(await store.applications({ limit: 2, before: required(page.rows[0]).token }))).toEqual([]);
      const end = await store.applications({ limit: 2, after: 'ffffffff-ffff-4fff-bfff-ffffffffffff' });
      expect(end).toEqual({ rows: [], more: false });
    });

    test('a page of an unknown application or chat is empty', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      const empty = { rows: [], more: false };
      expect(await store.chats(newToken(), { limit: 10 })).toEqual(empty);
      expect(await store.chats(newToken(), { limit: 10, before: 5 })).toEqual(empty);
      expect(await store.messages(newToken(), 1, { limit: 10 })).toEqual(messagePageOf(empty));
      expect(await store.messages(token, 2, { limit: 10, before: 5 })).toEqual(messagePageOf(empty));
    });

    test('a page never shows rows of the neighbouring chats or applications', async () => {
      const { store } = harness();
      const application = applicationCreated();
      const { token } = application;
      const chats = [1, 2, 3].map((number) => chatCreated(token, { number }));
      const messages = [1, 2, 3].map((chat) => messagesCreated(token, 1, [`of chat ${chat}`], { chat }));
      await store.append([application, ...chats, ...messages]);
      const forwards = await store.messages(token, 2, { limit: 10 });
      const backwards = await store.messages(token, 2, { limit: 10, before: 9_999_999_999 });
      expect(messagesIn(forwards)).toEqual(messagesIn(backwards));
      expect(messagesIn(forwards).map(({ content }) => content)).toEqual(['of chat 2']);
    });

    test('a rename returns the changed row, and keeps its creation time and counts', async () => {
      const { store } = harness();
      const application = applicationCreated({ at: AT });
      const { token } = application;
      await store.append([application, chatCreated(token, { at: AT }), messagesCreated(token, 1, ['x'])]);
      const before = required(await store.application(token));
      const renamed = required(await store.changeApplication(token, { name: 'New nämë 🎉' }));
      expect(renamed).toMatchObject({ ...before, name: 'New nämë 🎉', version: 2, updatedAt: renamed.updatedAt });
      expect(renamed.updatedAt).toBeGreaterThan(AT);
      expect(await store.application(token)).toEqual(renamed);
      const chat = required(await store.changeChat(token, 1, { name: 'New chat' }));
      expect(chat).toMatchObject({ number: 1, name: 'New chat', createdAt: AT });
      expect(chat.updatedAt).toBeGreaterThan(AT);
      expect(await store.chat(token, 1)).toEqual(chat);
    });

    test('a rewrite changes the content and the time of that message only', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b', 'c'], { at: AT })]);
      const rewritten = required(await store.changeMessage(token, 1, 2, { content: 'changed' }));
      expect(rewritten).toMatchObject({ number: 2, content: 'changed', createdAt: AT });
      expect(rewritten.updatedAt).toBeGreaterThan(AT);
      const shown = messagesIn(await store.messages(token, 1, { limit: 10 }));
      expect(shown.map(({ content }) => content)).toEqual(['a', 'changed', 'c']);
      expect(shown[1]).toEqual(JSON.parse(messageJson(rewritten)));
    });

    test('a change to the value that is already stored succeeds like any other', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['same'])]);
      expect(await store.changeApplication(token, { name: 'An app' })).toMatchObject({ token, name: 'An app' });
      expect(await store.changeChat(token, 1, { name: 'A chat' })).toMatchObject({ number: 1, name: 'A chat' });
      expect(await store.changeMessage(token, 1, 1, { content: 'same' })).toMatchObject({ number: 1, content: 'same' });
    });

    test('concurrent changes of one row all succeed, and the row has the text of one of them', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['x'])]);
      const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`);
      const answers = await Promise.all(texts.map((text) => store.changeMessage(token, 1, 1, { content: text })));
      expect(answers.map((answer) => answer?.content)).toEqual(texts);
      expect(texts).toContain(required(await store.message(token, 1, 1)).content);
    });

    test('a change of a row that does not exist returns undefined and creates nothing', async () => {
      const { store } = harness();
      const [token, unknown] = [await storedChat(store), newToken()];
      expect(await store.changeApplication(unknown, { name: 'x' })).toBeUndefined();
      expect(await store.changeChat(unknown, 1, { name: 'x' })).toBeUndefined();
      expect(await store.changeChat(token, 2, { name: 'x' })).toBeUndefined();
      expect(await store.changeMessage(unknown, 1, 1, { content: 'x' })).toBeUndefined();
      expect(await store.changeMessage(token, 1, 1, { content: 'x' })).toBeUndefined();
      expect(await store.application(unknown)).toBeUndefined();
      expect(await store.message(token, 1, 1)).toBeUndefined();
    });

    test('the highest number is undefined without an owner and 0 without rows', async () => {
      const { store } = harness();
      const application = applicationCreated();
      const { token } = application;
      const chats = { kind: 'chats', token } as const;
      const messages = { kind: 'messages', token, chat: 7 } as const;
      expect([await store.highest(chats), await store.highest(messages)]).toEqual([undefined, undefined]);
      await store.append([application]);
      expect([await store.highest(chats), await store.highest(messages)]).toEqual([{ number: 0 }, undefined]);
      await store.append([chatCreated(token, { number: 7 }), chatCreated(token, { number: 3 })]);
      expect(await store.highest(chats)).toMatchObject({ number: 7 });
      expect(await store.highest(messages)).toEqual({ number: 0 });
      await store.append([messagesCreated(token, 20, ['a', 'b', 'c'], { chat: 7 })]);
      await store.append([messagesCreated(token, 4, ['d'], { chat: 7 })]);
      expect(await store.highest(messages)).toMatchObject({ number: 22 });
      expect(await store.highest({ ...messages, chat: 3 })).toEqual({ number: 0 });
    });
  });
}

function numbers({ rows, more }: Page<{ readonly number: number }>): [number[], boolean] {
  return [rows.map(({ number }) => number), more];
}

function tokensOf({ rows }: Page<{ readonly token: string }>): string[] {
  return rows.map(({ token }) => token);
}

/** Ascending tokens that differ only at the end. So no other application's token lies between them. */
function neighbouringTokens(count: number): string[] {
  const prefix = newToken().slice(0, -4);
  return Array.from({ length: count }, (_, index) => `${prefix}${(index + 1).toString(16).padStart(4, '0')}`);
}
