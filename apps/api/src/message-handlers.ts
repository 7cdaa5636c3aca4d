import { type Caller, Forbidden, type Message, type MessageChange, messageJson, userOf } from '@parley/domain';
import { Encoded, etagOf, type Handlers, numberLinks, numberPage } from '@parley/http';
import { changedMetadata, replacedMetadata } from './changes.ts';
import type { ApiParts } from './parts.ts';
import { owning, settled } from './read-your-writes.ts';

type MessageHandlers = Handlers<'listMessages' | 'getMessage' | 'updateMessage' | 'replaceMessage' | 'deleteMessage'>;

interface Asked {
  readonly caller: Caller;
  readonly token: string;
  readonly chat: number;
  readonly message: number;
}

export function messageHandlers({ store, events }: ApiParts): MessageHandlers {
  const change = async ({ caller, token, chat, message }: Asked, changes: MessageChange) => {
    if (!mayRead(caller) && changes.content === undefined) throw new Forbidden(NEEDS_READ);
    const own = { ...changes, by: userOf(caller) };
    const row = await settled({ events, store }, token, 'message', () =>
      store.changeMessage(token, chat, message, own),
    );
    const shown = mayRead(caller)
      ? row
      : { ...row, senderId: changes.senderId, metadata: changes.metadata ?? undefined };
    return taggedMessage(shown);
  };

  return {
    listMessages: async ({ token, chat, query, path }) => {
      const asked = numberPage(query);
      const page = await store.messages(token, chat, asked);
      if (page.rows.length === 0) await owning({ events, store }, token, 'chat', () => store.chat(token, chat));
      return { items: new Encoded(() => page.json), link: numberLinks(path, asked, page) };
    },
    getMessage: async ({ token, chat, message }) => {
      const row = await settled({ events, store }, token, 'message', () => store.message(token, chat, message));
      return taggedMessage(row);
    },
    updateMessage: async ({ body, versions, ...asked }) =>
      change(asked, {
        content: body.message_content,
        senderId: body.sender_id,
        metadata: changedMetadata(body.metadata),
        versions,
      }),
    replaceMessage: async ({ body, versions, ...asked }) =>
      change(asked, {
        content: body.message_content,
        senderId: body.sender_id,
        metadata: replacedMetadata(body.metadata),
        versions,
      }),
    deleteMessage: async ({ caller, token, chat, message, versions }) => {
      const by = userOf(caller);
      await settled(
        { events, store },
        token,
        'message',
        async () => (await store.deleteMessage(token, chat, message, versions, by)) || undefined,
      );
    },
  };
}

function taggedMessage(message: Message) {
  return { item: new Encoded(() => messageJson(message)), etag: etagOf(message.version) };
}

const NEEDS_READ = 'Without the scope messages:read, message_content must be given: the answer shows the message.';

/** Whether a caller may see what it has not sent itself: who may only write gets no more in the answer to a change. */
function mayRead(caller: Caller): boolean {
  return !('scopes' in caller) || caller.scopes.has('messages:read');
}
