import {
  type Caller,
  chatsOf,
  type HighlightRange,
  highlightsOf,
  type PlacedMessage,
  parseQuery,
} from '@parley/domain';
import { pageLimit } from '@parley/http';
import { CheckedSearch } from './checked-search.ts';
import type { ApiParts } from './parts.ts';
import { owning } from './read-your-writes.ts';
import { decodeCursor, encodeCursor } from './search-cursor.ts';
import { readSearch, type SearchTexts } from './search-input.ts';
import { eachInTurns } from './turns.ts';

interface Asked {
  readonly caller: Caller;
  readonly token: string;
  readonly path: string;
  readonly query: { readonly [name: string]: string | undefined };
}
interface InChat extends Asked {
  readonly chat: number;
}
interface WithBody {
  readonly body: SearchTexts;
}

/** What a hit shows besides number and content. A field that the message has not, or nobody asked for, is absent. */
interface Details {
  readonly created_at: string;
  readonly sender_id?: string;
  readonly highlights?: HighlightRange[];
}

export function searchHandlers({ store, events, index }: ApiParts) {
  const checked = new CheckedSearch(index, store);

  /** Throws NotFound if there is no such application or chat, or if it was deleted. */
  const demandOwner = async (token: string, chat: number | undefined) => {
    const parts = { events, store };
    if (chat === undefined) await owning(parts, token, 'application', () => store.application(token));
    else await owning(parts, token, 'chat', () => store.chat(token, chat));
  };

  const search = async <View>(
    { caller, token, path, query }: Asked,
    body: SearchTexts | undefined,
    chat: number | undefined,
    view: (message: PlacedMessage, details: Details, isPlain: boolean) => View,
  ) => {
    const limit = pageLimit(query);
    const { text, filters, highlights, given } = readSearch(query, body);
    const after = decodeCursor(query.cursor, { chat, order: filters.order });
    const chats = chat === undefined ? chatsOf(caller) : undefined;
    const { hits, next } = await checked.page({ token, chat, chats, query: text, limit, after, ...filters });
    if (hits.length === 0) await demandOwner(token, chat);
    const { order = 'best', ...narrower } = filters;
    const isPlain = order === 'best' && !highlights && Object.values(narrower).every((value) => value === undefined);
    const terms = parseQuery(text);
    const items: View[] = [];
    await eachInTurns(hits, (message) => {
      const { content, createdAt, senderId } = message;
      const details = {
        created_at: new Date(createdAt).toISOString(),
        ...(senderId !== undefined && { sender_id: senderId }),
        ...(highlights && { highlights: highlightsOf(content, terms) }),
      };
      items.push(view(message, details, isPlain));
    });
    if (next === undefined) return { items, link: undefined };
    const cursor = encodeCursor(next, chat !== undefined);
    const parameters = new URLSearchParams({ search_query: text, ...given, limit: String(limit), cursor });
    return { items, link: `<${path}?${parameters}>; rel="next"` };
  };

  const inChat = (asked: InChat, body?: SearchTexts) =>
    search(asked, body, asked.chat, ({ number, content }, details, isPlain) =>
      isPlain ? { number, content } : { number, content, ...details },
    );
  const inApplication = (asked: Asked, body?: SearchTexts) =>
    search(asked, body, undefined, ({ chat, number, content }, details) => ({
      ...{ chat_number: chat, number, content, ...details },
    }));
  return {
    searchMessages: (asked: InChat) => inChat(asked),
    searchMessagesByBody: (asked: InChat & WithBody) => inChat(asked, asked.body),
    searchApplication: (asked: Asked) => inApplication(asked),
    searchApplicationByBody: (asked: Asked & WithBody) => inApplication(asked, asked.body),
  };
}
