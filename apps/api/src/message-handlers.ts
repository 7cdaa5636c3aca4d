import { type Asked, type Handlers, numberLinks, numberPage } from '@parley/http';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { messageView } from './views.ts';

type MessageHandlers = Handlers<'listMessages' | 'getMessage' | 'updateMessage' | 'replaceMessage'>;

export function messageHandlers({ store, events }: ApiParts): MessageHandlers {
  const rewrite = async ({ token, chat, message, body }: Asked<'updateMessage'>) => {
    const content = body.message_content;
    return messageView(
      await settled({ events, store }, token, 'message', () => store.rewriteMessage(token, chat, message, content)),
    );
  };

  return {
    listMessages: async ({ token, chat, query, path }) => {
      const asked = numberPage(query);
      const page = await store.messages(token, chat, asked);
      if (page.rows.length === 0) await settled({ events, store }, token, 'chat', () => store.chat(token, chat));
      return { items: page.rows.map(messageView), link: numberLinks(path, asked, page) };
    },
    getMessage: async ({ token, chat, message }) =>
      messageView(await settled({ events, store }, token, 'message', () => store.message(token, chat, message))),
    updateMessage: rewrite,
    replaceMessage: rewrite,
  };
}
