import { BODY_BYTES_MAX } from '@parley/domain';
import {
  bodySchema,
  chatParam,
  jsonBody,
  MessageBody,
  messageParam,
  numberLinks,
  numberPage,
  PATHS,
  refuseQuery,
  tokenParam,
} from '@parley/http';
import { Elysia } from 'elysia';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { messageView } from './views.ts';

interface MessagePath {
  readonly token: string;
  readonly number: string;
  readonly message: string;
}

export function messageRoutes({ store, log }: ApiParts) {
  const named = (path: MessagePath) =>
    [tokenParam(path.token), chatParam(path.number), messageParam(path.message)] as const;

  const rewrite = async (request: Request, path: MessagePath, content: string) => {
    refuseQuery(request);
    const [token, chat, number] = named(path);
    const row = await settled(log, token, 'message', () => store.rewriteMessage(token, chat, number, content));
    return messageView(row);
  };
  const body = { parse: jsonBody(BODY_BYTES_MAX), body: bodySchema(MessageBody) };

  return new Elysia({ name: 'parley-api-messages' })
    .get(PATHS.messages, async ({ params, request, path, set }) => {
      const token = tokenParam(params.token);
      const chat = chatParam(params.number);
      const asked = numberPage(request);
      const page = await store.messages(token, chat, asked);
      if (page.rows.length === 0) await settled(log, token, 'chat', () => store.chat(token, chat));
      const link = numberLinks(path, asked, page);
      if (link !== undefined) set.headers.link = link;
      return page.rows.map(messageView);
    })
    .get(PATHS.message, async ({ params, request }) => {
      refuseQuery(request);
      const [token, chat, number] = named(params);
      return messageView(await settled(log, token, 'message', () => store.message(token, chat, number)));
    })
    .patch(PATHS.message, ({ params, body, request }) => rewrite(request, params, body.message_content), body)
    .put(PATHS.message, ({ params, body, request }) => rewrite(request, params, body.message_content), body);
}
