import { BODY_BYTES_MAX } from '@parley/domain';
import { bodySchema, ChatBody, chatParam, jsonBody, numberPage, PATHS, pageLinks, tokenParam } from '@parley/http';
import { Elysia } from 'elysia';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { CountedViews } from './views.ts';

export function chatRoutes({ store, log, counters, logger }: ApiParts) {
  const views = new CountedViews(counters, logger);
  const first = async (token: string, rows: Parameters<typeof views.chats>[1]) => (await views.chats(token, rows))[0];

  const rename = async (tokenText: string, numberText: string, name: string) => {
    const token = tokenParam(tokenText);
    const number = chatParam(numberText);
    return first(token, [await settled(log, token, 'chat', () => store.renameChat(token, number, name))]);
  };
  const body = { parse: jsonBody(BODY_BYTES_MAX), body: bodySchema(ChatBody) };

  return new Elysia({ name: 'parley-api-chats' })
    .get(PATHS.chats, async ({ params, query, path, set }) => {
      const token = tokenParam(params.token);
      const page = numberPage(query);
      const { rows, more } = await store.chats(token, page);
      if (rows.length === 0) await settled(log, token, 'application', () => store.application(token));
      const link = pageLinks(path, page, { first: rows.at(0)?.number, last: rows.at(-1)?.number, more });
      if (link !== undefined) set.headers.link = link;
      return views.chats(token, rows);
    })
    .get(PATHS.chat, async ({ params }) => {
      const token = tokenParam(params.token);
      const number = chatParam(params.number);
      return first(token, [await settled(log, token, 'chat', () => store.chat(token, number))]);
    })
    .patch(PATHS.chat, ({ params, body }) => rename(params.token, params.number, body.chat_name), body)
    .put(PATHS.chat, ({ params, body }) => rename(params.token, params.number, body.chat_name), body);
}
