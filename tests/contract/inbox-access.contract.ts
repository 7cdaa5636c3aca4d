import { describe, expect, test } from 'bun:test';
import { type InboxPosition, newToken, PAGE_LIMIT_MAX, USER_TOKEN_CHATS_MAX } from '@parley/domain';
import { applicationCreated, chatCreated, messagesCreated } from './events.ts';
import type { InboxHarness } from './inbox.contract.ts';
import { opened } from './open-harness.ts';

const START = Date.now() - 3_600_000;
const at = (seconds: number) => START + seconds * 1_000;

/** The inbox of a user who may see some chats only. */
export function inboxAccessContract(name: string, open: () => Promise<InboxHarness>): void {
  describe(`${name} inbox of some chats`, () => {
    const harness = opened(open);

    /** So many chats, each with one message, later in chats with a higher number. */
    async function storedChats(count: number) {
      const application = applicationCreated({ at: at(0) });
      const { token } = application;
      const numbers = Array.from({ length: count }, (_, place) => place + 1);
      await harness().store.append([
        application,
        ...numbers.map((number) => chatCreated(token, { number, at: at(0) })),
        ...numbers.map((chat) => messagesCreated(token, 1, [`${chat}`], { chat, at: at(chat) })),
      ]);
      await harness().settle();
      return token;
    }

    test('has no others, in the same order, and pages end where they end', async () => {
      const { store } = harness();
      const token = await storedChats(20);
      const some = [17, 4, 4, 11, 2, 99, 20];
      const pages: number[][] = [];
      let after: InboxPosition | undefined;
      do {
        const page = await store.inbox(token, 2, after, some);
        pages.push(page.rows.map(({ number }) => number));
        after = page.next;
      } while (after !== undefined);
      expect(pages).toEqual([[20, 17], [11, 4], [2]]);
      const all = await store.inbox(token, 100);
      const { rows, next } = await store.inbox(token, 5, undefined, some);
      expect(rows).toEqual(all.rows.filter(({ number }) => some.includes(number)));
      expect(next).toBeUndefined();
      expect(await store.inbox(token, 10, undefined, [])).toEqual({ rows: [] });
      expect(await store.inbox(token, 10, undefined, [99])).toEqual({ rows: [] });
      expect(await store.inbox(newToken(), 10, undefined, some)).toEqual({ rows: [] });
    });

    test(`of ${USER_TOKEN_CHATS_MAX} chats; a deleted one is not there`, async () => {
      const { store } = harness();
      const token = await storedChats(USER_TOKEN_CHATS_MAX + 5);
      const some = Array.from({ length: USER_TOKEN_CHATS_MAX }, (_, place) => place + 1);
      await store.deleteChat(token, 7);
      const { rows } = await store.inbox(token, PAGE_LIMIT_MAX, undefined, some);
      expect(rows.map(({ number }) => number)).toEqual(some.filter((number) => number !== 7).reverse());
    });
  });
}
