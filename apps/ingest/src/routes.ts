import { BATCH_BODY_BYTES_MAX, BODY_BYTES_MAX } from '@parley/domain';
import {
  ApplicationBody,
  BASE_PATH,
  BatchBody,
  bodySchema,
  chatParam,
  jsonBody,
  MessageBody,
  NewChatBody,
  optionalJsonBody,
  PATHS,
  refuseQuery,
  tokenParam,
} from '@parley/http';
import { Elysia } from 'elysia';
import type { Registry } from 'prom-client';
import { Acceptance, type AcceptanceParts } from './acceptance.ts';
import { CounterSeeds, type CounterSeedsParts } from './counter-seeds.ts';
import { createdCounter } from './created-counter.ts';
import { idempotencyKey } from './idempotency.ts';

export type IngestParts = CounterSeedsParts & Omit<AcceptanceParts, 'seeds'> & { readonly registry: Registry };

/** Elysia plugin: the creates. */
export function ingestRoutes(parts: IngestParts) {
  const acceptance = new Acceptance({ ...parts, seeds: new CounterSeeds(parts) });
  const count = createdCounter(parts.registry);
  const single = jsonBody(BODY_BYTES_MAX);

  const createMessage = async (token: string, number: string, content: string, request: Request) => {
    refuseQuery(request);
    const chat = chatParam(number);
    const key = idempotencyKey(request, ['message', chat, content]);
    const first = await acceptance.messages(tokenParam(token), chat, [content], key);
    count('message', 1);
    return messageAnswer(token, chat, first, content);
  };

  return new Elysia({ name: 'parley-ingest', prefix: BASE_PATH })
    .post(
      PATHS.applications,
      async ({ body, request, set }) => {
        refuseQuery(request);
        const name = body.application_name;
        const token = await acceptance.application(name, idempotencyKey(request, ['application', name], true));
        count('application', 1);
        set.status = 201;
        return { type: 'application', application_token: token, application_name: name };
      },
      { parse: single, body: bodySchema(ApplicationBody) },
    )
    .post(
      PATHS.chats,
      async ({ body, params, request, set }) => {
        refuseQuery(request);
        const name = body.chat_name ?? '';
        const number = await acceptance.chat(tokenParam(params.token), name, idempotencyKey(request, ['chat', name]));
        count('chat', 1);
        set.status = 201;
        return { type: 'chat', application_token: params.token, chat_number: number, chat_name: name };
      },
      { parse: optionalJsonBody(BODY_BYTES_MAX), body: bodySchema(NewChatBody) },
    )
    .post(
      PATHS.messages,
      ({ body, params, request, set }) => {
        set.status = 201;
        return createMessage(params.token, params.number, body.message_content, request);
      },
      { parse: single, body: bodySchema(MessageBody) },
    )
    .post(
      PATHS.chat,
      ({ body, params, request, set }) => {
        set.status = 201;
        return createMessage(params.token, params.number, body.message_content, request);
      },
      { parse: single, body: bodySchema(MessageBody) },
    )
    .post(
      PATHS.batch,
      async ({ body, params, request, set }) => {
        refuseQuery(request);
        const chat = chatParam(params.number);
        const contents = body.messages.map(({ message_content }) => message_content);
        const key = idempotencyKey(request, ['batch', chat, contents]);
        const first = await acceptance.messages(tokenParam(params.token), chat, contents, key);
        count('message', contents.length);
        set.status = 201;
        return contents.map((content, index) => messageAnswer(params.token, chat, first + index, content));
      },
      { parse: jsonBody(BATCH_BODY_BYTES_MAX), body: bodySchema(BatchBody) },
    );
}

function messageAnswer(token: string, chat: number, number: number, content: string) {
  return {
    type: 'message',
    application_token: token,
    chat_number: chat,
    message_number: number,
    message_content: content,
  };
}
