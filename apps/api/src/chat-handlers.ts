import { type Asked, type Handlers, numberLinks, numberPage } from '@parley/http';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { CountedViews } from './views.ts';

type ChatHandlers = Handlers<'listChats' | 'getChat' | 'updateChat' | 'replaceChat'>;

export function chatHandlers({ store, events, counters, logger }: ApiParts): ChatHandlers {
  const views = new CountedViews(counters, logger);

  const rename = async ({ token, chat, body }: Asked<'updateChat'>) => {
    const name = body.chat_name;
    return views.chat(
      token,
      await settled({ events, store }, token, 'chat', () => store.renameChat(token, chat, name)),
    );
  };

  return {
    listChats: async ({ token, query, path }) => {
      const asked = numberPage(query);
      const page = await store.chats(token, asked);
      if (page.rows.length === 0)
        await settled({ events, store }, token, 'application', () => store.application(token));
      return { items: await views.chats(token, page.rows), link: numberLinks(path, asked, page) };
    },
    getChat: async ({ token, chat }) =>
      views.chat(token, await settled({ events, store }, token, 'chat', () => store.chat(token, chat))),
    updateChat: rename,
    replaceChat: rename,
  };
}
