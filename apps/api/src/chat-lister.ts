import { chatsOf, parseId } from '@parley/domain';
import {
  type Asked,
  type FieldError,
  type Handlers,
  NO_ID,
  numberLinks,
  numberPage,
  pageLimit,
  wrongQuery,
} from '@parley/http';
import { decodeInboxCursor, encodeInboxCursor } from './inbox-cursor.ts';
import { demandOwn } from './own.ts';
import type { ApiParts } from './parts.ts';
import { owning } from './read-your-writes.ts';
import { type ChatView, type CountedViews, lastMessageView } from './views.ts';

type Listed = Asked<'listChats'>;

/**
 * Makes the handler that lists chats: by number, or by activity. For a user it adds how much they have not read. A user
 * token lists its own chats only.
 */
export function chatLister({ store, events }: ApiParts, views: CountedViews): Handlers<'listChats'>['listChats'] {
  const unreadAdded = async (token: string, user: string | undefined, chats: readonly ChatView[]) => {
    if (user === undefined || chats.length === 0) return [...chats];
    const counts = await store.unread(
      token,
      user,
      chats.map(({ number }) => number),
    );
    return chats.map((chat, index) => ({ ...chat, unread_count: counts[index] ?? 0 }));
  };

  /** An empty page is a 404 if there is no such application. */
  const knownApplication = (token: string) =>
    owning({ events, store }, token, 'application', () => store.application(token));

  const byNumber = async ({ caller, token, query, path }: Listed, user: string | undefined) => {
    const asked = numberPage(query, 'asc, desc or activity');
    const page = await store.chats(token, asked, chatsOf(caller));
    if (page.rows.length === 0) await knownApplication(token);
    const items = await unreadAdded(token, user, await views.chats(token, page.rows));
    return { items, link: numberLinks(path, asked, page, keptUser(user)) };
  };

  const byActivity = async ({ caller, token, query, path }: Listed, user: string | undefined) => {
    const limit = pageLimit(query);
    const { rows, next } = await store.inbox(token, limit, decodeInboxCursor(query.cursor), chatsOf(caller));
    if (rows.length === 0) await knownApplication(token);
    const chats = await views.chats(token, rows);
    const inbox = chats.map((chat, index) => {
      const last = rows[index]?.lastMessage;
      return last === undefined ? chat : { ...chat, last_message: lastMessageView(last) };
    });
    const items = await unreadAdded(token, user, inbox);
    if (next === undefined) return { items, link: undefined };
    const address = `${path}?limit=${limit}&order=activity&cursor=${encodeInboxCursor(next)}${keptUser(user)}`;
    return { items, link: `<${address}>; rel="next"` };
  };

  return async (asked) => {
    const { caller, query } = asked;
    const errors = mistakesIn(query);
    if (errors.length > 0) throw wrongQuery(errors);
    if (query.user_id !== undefined) demandOwn(caller, query.user_id);
    return query.order === 'activity' ? byActivity(asked, query.user_id) : byNumber(asked, query.user_id);
  };
}

/** What is wrong with parameters that only one of the orders has, and with the user. */
function mistakesIn({ order, after, before, cursor, user_id }: Listed['query']): FieldError[] {
  const errors: FieldError[] = [];
  if (order === 'activity') {
    for (const [path, text] of Object.entries({ after, before })) {
      if (text !== undefined) errors.push({ path, message: 'must not be given with order=activity: use cursor' });
    }
  } else if (cursor !== undefined) errors.push({ path: 'cursor', message: 'must be given with order=activity only' });
  if (user_id !== undefined && parseId(user_id) === undefined) errors.push({ path: 'user_id', message: NO_ID });
  return errors;
}

function keptUser(user: string | undefined): string {
  return user === undefined ? '' : `&user_id=${encodeURIComponent(user)}`;
}
