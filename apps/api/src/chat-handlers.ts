import type { OwnerChange } from '@parley/domain';
import { type Handlers, userLinks, userPage } from '@parley/http';
import { changedMetadata, replacedMetadata } from './changes.ts';
import { chatLister } from './chat-lister.ts';
import { deleteOwner } from './delete-owner.ts';
import { demandOwn } from './own.ts';
import type { ApiParts } from './parts.ts';
import { awaitingMessage, owning, settled } from './read-your-writes.ts';
import { CountedViews, readView } from './views.ts';

type ChatHandlers = Handlers<
  'listChats' | 'getChat' | 'updateChat' | 'replaceChat' | 'deleteChat' | 'listReads' | 'markRead'
>;

export function chatHandlers(parts: ApiParts): ChatHandlers {
  const { store, events, counters, logger } = parts;
  const views = new CountedViews(counters, logger);

  const change = async (token: string, chat: number, changes: OwnerChange) =>
    views.chat(token, await settled({ events, store }, token, 'chat', () => store.changeChat(token, chat, changes)));

  return {
    listChats: chatLister(parts, views),
    getChat: async ({ token, chat }) =>
      views.chat(token, await settled({ events, store }, token, 'chat', () => store.chat(token, chat))),
    updateChat: async ({ token, chat, versions, body }) =>
      change(token, chat, { name: body.chat_name, metadata: changedMetadata(body.metadata), versions }),
    replaceChat: async ({ token, chat, versions, body }) =>
      change(token, chat, { name: body.chat_name, metadata: replacedMetadata(body.metadata), versions }),
    deleteChat: async ({ token, chat, versions }) => {
      await deleteOwner(parts, { token, chat }, versions);
    },
    listReads: async ({ token, chat, query, path }) => {
      const asked = userPage(query);
      const page = await store.readMarks(token, chat, asked);
      if (page.rows.length === 0) await owning({ events, store }, token, 'chat', () => store.chat(token, chat));
      return { items: page.rows.map(readView), link: userLinks(path, asked, page) };
    },
    markRead: async ({ caller, token, chat, user, body }) => {
      demandOwn(caller, user);
      const attempt = awaitingMessage(() => store.markRead(token, chat, user, body.message_number));
      return readView(await owning({ events, store }, token, 'chat', attempt));
    },
  };
}
