import { describe, expect, test } from 'bun:test';
import {
  BeyondLastMessage,
  Gone,
  type InboxChat,
  type InboxPosition,
  newToken,
  type Store,
  type Token,
} from '@parley/domain';
import { applicationCreated, chatCreated, messagesCreated, required, storedChat } from './events.ts';
import { inboxAccessContract } from './inbox-access.contract.ts';
import { type Harness, opened } from './open-harness.ts';

export interface InboxHarness extends Harness {
  readonly store: Store;
  /** Brings everything that is committed into the inbox. */
  settle(): Promise<void>;
}

const SECOND = 1_000;
/** A time in the past, so that no event is from the future. */
const START = Date.now() - 3_600 * SECOND;
const at = (seconds: number) => START + seconds * SECOND;

/** The tests that every driver of Store must pass for its inbox and its read marks. */
export function inboxContract(name: string, open: () => Promise<InboxHarness>): void {
  inboxAccessContract(name, open);

  describe(`${name} inbox`, () => {
    const harness = opened(open);

    /** Stores an application with so many chats, all created at the same time, and returns its token. */
    async function storedChats(count: number): Promise<Token> {
      const application = applicationCreated({ at: at(0) });
      const { token } = application;
      const chats = Array.from({ length: count }, (_, place) => chatCreated(token, { number: place + 1, at: at(0) }));
      await harness().store.append([application, ...chats]);
      return token;
    }

    async function settled(token: Token): Promise<readonly InboxChat[]> {
      await harness().settle();
      return (await harness().store.inbox(token, 100)).rows;
    }

    const places = (rows: readonly InboxChat[]) => rows.map((row) => [row.number, row.lastMessage?.number]);

    test('has the chat with the latest message first; chats without messages stand at their creation', async () => {
      const { store } = harness();
      const token = await storedChats(2);
      await store.append([
        messagesCreated(token, 1, ['a', 'b'], { chat: 2, at: at(10) }),
        chatCreated(token, { number: 3, at: at(20) }),
        messagesCreated(token, 1, ['c'], { chat: 1, at: at(30) }),
      ]);
      const rows = await settled(token);
      expect(places(rows)).toEqual([
        [1, 1],
        [3, undefined],
        [2, 2],
      ]);
      expect(rows[2]).toEqual({
        ...required(await store.chat(token, 2)),
        lastMessage: { number: 2, content: 'b', createdAt: at(10) },
      });
      await store.append([messagesCreated(token, 3, ['d'], { chat: 2, at: at(40) })]);
      expect(places(await settled(token))).toEqual([
        [2, 3],
        [1, 1],
        [3, undefined],
      ]);
    });

    test('shows the last message and the name as they are now', async () => {
      const { store } = harness();
      const token = await storedChats(1);
      const extras = [{ senderId: 'ann', metadata: '{"a":1}' }];
      await store.append([messagesCreated(token, 1, ['old'], { extras })]);
      await settled(token);
      await store.changeMessage(token, 1, 1, { content: 'new' });
      await store.changeChat(token, 1, { name: 'renamed' });
      const { rows } = await store.inbox(token, 10);
      const lastMessage = { number: 1, content: 'new', senderId: 'ann' };
      expect(rows).toMatchObject([{ name: 'renamed', lastMessage }]);
      expect(places(await settled(token))).toEqual([[1, 1]]);
    });

    test('a lower number that is stored later is not the last message', async () => {
      const { store } = harness();
      const token = await storedChats(2);
      await store.append([messagesCreated(token, 2, ['two'], { at: at(20) })]);
      await store.append([messagesCreated(token, 1, ['other'], { chat: 2, at: at(30) })]);
      await settled(token);
      await store.append([messagesCreated(token, 1, ['one'], { at: at(10) })]);
      expect(places(await settled(token))).toEqual([
        [2, 1],
        [1, 2],
      ]);
    });

    test('messages that are moved in go by their acceptance, and keep their own time', async () => {
      const { store } = harness();
      const token = await storedChats(2);
      await store.append([messagesCreated(token, 1, ['today'], { chat: 1, at: at(10) })]);
      const createdAt = Date.UTC(2019, 1, 1);
      await store.append([messagesCreated(token, 1, ['2019'], { chat: 2, at: at(20), extras: [{ createdAt }] })]);
      const rows = await settled(token);
      expect(places(rows)).toEqual([
        [2, 1],
        [1, 1],
      ]);
      expect(rows[0]?.lastMessage?.createdAt).toBe(createdAt);
    });

    test('without its last message a chat shows the one before at once, and moves down soon', async () => {
      const { store } = harness();
      const token = await storedChats(2);
      await store.append([
        messagesCreated(token, 1, ['a'], { chat: 1, at: at(10) }),
        messagesCreated(token, 2, ['b'], { chat: 1, at: at(11) }),
        messagesCreated(token, 1, ['c'], { chat: 2, at: at(20) }),
        messagesCreated(token, 3, ['d'], { chat: 1, at: at(30) }),
      ]);
      await settled(token);
      await store.deleteMessage(token, 1, 3);
      await store.deleteMessage(token, 1, 2);
      const { rows } = await store.inbox(token, 10);
      expect(rows.find(({ number }) => number === 1)?.lastMessage).toMatchObject({ number: 1, content: 'a' });
      expect(places(await settled(token))).toEqual([
        [2, 1],
        [1, 1],
      ]);
      await store.deleteMessage(token, 1, 1);
      expect((await store.inbox(token, 10)).rows[1]?.lastMessage).toBeUndefined();
      expect(places(await settled(token))).toEqual([
        [2, 1],
        [1, undefined],
      ]);
      await store.append([messagesCreated(token, 4, ['e'], { chat: 1, at: at(40) })]);
      expect(places(await settled(token))).toEqual([
        [1, 4],
        [2, 1],
      ]);
    });

    test('a deleted chat is not there any more, at once and later', async () => {
      const { store } = harness();
      const token = await storedChats(3);
      await settled(token);
      await store.deleteChat(token, 2);
      expect((await store.inbox(token, 10)).rows.map(({ number }) => number)).toEqual([3, 1]);
      expect((await settled(token)).map(({ number }) => number)).toEqual([3, 1]);
    });

    test('is empty for a deleted application and for an unknown one', async () => {
      const { store } = harness();
      const token = await storedChats(3);
      await settled(token);
      await store.deleteApplication(token);
      expect(await store.inbox(token, 10)).toEqual({ rows: [] });
      expect(await settled(token)).toEqual([]);
      expect(await store.inbox(newToken(), 10)).toEqual({ rows: [] });
    });

    test('pages have every chat once, also chats of the same moment', async () => {
      const { store } = harness();
      const token = await storedChats(25);
      await store.append([5, 6, 7].map((chat) => messagesCreated(token, 1, ['x'], { chat, at: at(10) })));
      await harness().settle();
      const numbers: number[] = [];
      const sizes: number[] = [];
      let after: InboxPosition | undefined;
      do {
        const page = await store.inbox(token, 10, after);
        numbers.push(...page.rows.map(({ number }) => number));
        sizes.push(page.rows.length);
        after = page.next;
      } while (after !== undefined);
      const others = Array.from({ length: 25 }, (_, place) => 25 - place).filter((chat) => chat < 5 || chat > 7);
      expect(numbers).toEqual([7, 6, 5, ...others]);
      expect(sizes).toEqual([10, 10, 5]);
    });

    test('concurrent creates and deletes leave it right', async () => {
      const { store, settle } = harness();
      const token = await storedChats(5);
      let writing = true;
      const keep = async () => {
        while (writing) await settle();
      };
      const write = async (chat: number) => {
        for (let number = 1; number <= 20; number += 1) {
          await store.append([messagesCreated(token, number, [`${number}`], { chat, at: at(number * 10 + chat) })]);
          if (number % 2 === 0) await store.deleteMessage(token, chat, number);
        }
      };
      const keeping = Promise.all([keep(), keep()]);
      await Promise.all([1, 2, 3, 4, 5].map(write)).finally(() => {
        writing = false;
      });
      await keeping;
      expect(places(await settled(token))).toEqual([5, 4, 3, 2, 1].map((chat) => [chat, 19]));
    });
  });

  describe(`${name} read marks`, () => {
    const harness = opened(open);

    test('a mark is recorded and never goes back', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a', 'b', 'c'])]);
      const first = await store.markRead(token, 1, 'me', 2);
      expect(first).toMatchObject({ userId: 'me', number: 2 });
      expect(Math.abs(required(first).updatedAt - Date.now())).toBeLessThan(60 * SECOND);
      expect(await store.markRead(token, 1, 'me', 1)).toEqual(first);
      expect(await store.markRead(token, 1, 'me', 2)).toEqual(first);
      expect(await store.markRead(token, 1, 'me', 3)).toMatchObject({ number: 3 });
    });

    test('many marks at once: each user has the highest of the own ones', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, Array(50).fill('x'))]);
      const users = Array.from({ length: 20 }, (_, place) => `user-${String(place).padStart(2, '0')}`);
      const numbers = [3, 50, 7];
      await Promise.all(
        users.flatMap((user) =>
          numbers.map(async (number) => {
            const mark = required(await store.markRead(token, 1, user, number));
            expect(mark.userId).toBe(user);
            expect(mark.number).toBeGreaterThanOrEqual(number);
          }),
        ),
      );
      const { rows } = await store.readMarks(token, 1, { limit: 100 });
      expect(rows.map(({ userId, number }) => [userId, number])).toEqual(users.map((user) => [user, 50]));
    });

    test('a mark above the highest number is refused; one at a deleted message is not', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await expect(store.markRead(token, 1, 'me', 1)).rejects.toBeInstanceOf(BeyondLastMessage);
      await store.append([messagesCreated(token, 1, ['a', 'b'])]);
      await expect(store.markRead(token, 1, 'me', 3)).rejects.toBeInstanceOf(BeyondLastMessage);
      await store.deleteMessage(token, 1, 2);
      expect(await store.markRead(token, 1, 'me', 2)).toMatchObject({ number: 2 });
      const marks = ['me', 'you'].map((user) => store.markRead(token, 1, user, user === 'me' ? 9 : 1));
      expect((await Promise.allSettled(marks)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    });

    test('there are no marks in a chat that is not there', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([chatCreated(token, { number: 2 }), messagesCreated(token, 1, ['a'])]);
      await store.markRead(token, 1, 'me', 1);
      expect(await store.markRead(token, 9, 'me', 1)).toBeUndefined();
      expect(await store.markRead(newToken(), 1, 'me', 1)).toBeUndefined();
      await store.deleteChat(token, 1);
      await expect(store.markRead(token, 1, 'me', 1)).rejects.toBeInstanceOf(Gone);
      expect(await store.readMarks(token, 1, { limit: 10 })).toEqual({ rows: [], more: false });
      expect(await store.readMarks(token, 9, { limit: 10 })).toEqual({ rows: [], more: false });
      await store.deleteApplication(token);
      expect(await store.markRead(token, 2, 'me', 1)).toBeUndefined();
    });

    test('marks are listed in the order of the users, in either direction', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, ['a'])]);
      for (const user of ['b', 'a', 'B', 'c', 'b2']) await store.markRead(token, 1, user, 1);
      const users = async (page: Parameters<Store['readMarks']>[2]) => {
        const { rows, more } = await store.readMarks(token, 1, page);
        return [rows.map(({ userId }) => userId).join(' '), more];
      };
      expect(await users({ limit: 3 })).toEqual(['B a b', true]);
      expect(await users({ limit: 3, after: 'b' })).toEqual(['b2 c', false]);
      expect(await users({ limit: 2, order: 'desc' })).toEqual(['c b2', true]);
      expect(await users({ limit: 2, before: 'b2' })).toEqual(['a b', true]);
    });

    test('messages of others that are above the mark and not deleted are unread', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([
        chatCreated(token, { number: 2 }),
        messagesCreated(token, 1, ['a', 'b', 'c', 'd'], {
          extras: [{ senderId: 'me' }, { senderId: 'you' }, {}, { senderId: 'me' }],
        }),
        messagesCreated(token, 1, ['e', 'f'], { chat: 2 }),
      ]);
      expect(await store.unread(token, 'me', [2, 9, 1])).toEqual([2, 0, 2]);
      expect(await store.unread(token, 'you', [1])).toEqual([3]);
      await store.markRead(token, 1, 'me', 2);
      expect(await store.unread(token, 'me', [1, 2])).toEqual([1, 2]);
      await store.deleteMessage(token, 1, 3);
      await store.deleteChat(token, 2);
      expect(await store.unread(token, 'me', [1, 2])).toEqual([0, 0]);
      expect(await store.unread(token, 'me', [])).toEqual([]);
      await store.deleteApplication(token);
      expect(await store.unread(token, 'you', [1])).toEqual([0]);
    });

    test('unread messages are counted exactly up to 100', async () => {
      const { store } = harness();
      const token = await storedChat(store);
      await store.append([messagesCreated(token, 1, Array(250).fill('x'))]);
      expect(await store.unread(token, 'me', [1])).toEqual([100]);
      await store.markRead(token, 1, 'me', 150);
      expect(await store.unread(token, 'me', [1])).toEqual([100]);
      await store.markRead(token, 1, 'me', 151);
      expect(await store.unread(token, 'me', [1])).toEqual([99]);
    });
  });
}
