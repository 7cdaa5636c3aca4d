import { BODY_BYTES_MAX } from '@parley/domain';
import {
  bodySchema,
  ChatBody,
  chatParam,
  jsonBody,
  numberLinks,
  numberPage,
  PATHS,
  refuseQuery,
  tokenParam,
} from '@parley/http';
import { Elysia } from 'elysia';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { CountedViews } from './views.ts';

interface ChatPath {
  readonly token: string;
  readonly number: string;
}

export function chatRoutes({ store, log, counters, logger }: ApiParts) {
  const views = new CountedViews(counters, logger);
  const first = async (token: string, rows: Parameters<typeof views.chats>[1]) => (await views.chats(token, rows))[0];

  const rename = async (request: Request, path: ChatPath, name: string) => {
    refuseQuery(request);
    const token = tokenParam(path.token);
    const number = chatParam(path.number);
    return first(token, [await settled(log, token, 'chat', () => store.renameChat(token, number, name))]);
  };
  const body = { parse: jsonBody(BODY_BYTES_MAX), body: bodySchema(ChatBody) };

  return new Elysia({ name: 'parley-api-chats' })
    .get(PATHS.chats, async ({ params, request, path, set }) => {
      const token = tokenParam(params.token);
      const asked = numberPage(request);
      const page = await store.chats(token, asked);
      if (page.rows.length === 0) await settled(log, token, 'application', () => store.application(token));
      const link = numberLinks(path, asked, page);
      if (link !== undefined) set.headers.link = link;
      return views.chats(token, page.rows);
    })
    .get(PATHS.chat, async ({ params, request }) => {
      refuseQuery(request);
      const token = tokenParam(params.token);
      const number = chatParam(params.number);
      return first(token, [await settled(log, token, 'chat', () => store.chat(token, number))]);
    })
    .patch(PATHS.chat, ({ params, body, request }) => rename(request, params, body.chat_name), body)
    .put(PATHS.chat, ({ params, body, request }) => rename(request, params, body.chat_name), body);
}
