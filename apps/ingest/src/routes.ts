import { type Asked, type Handlers, routesOf } from '@parley/http';
import { Acceptance, type AcceptanceParts, CounterSeeds, type CounterSeedsParts, oncePerTurn, systemClock } from '@parley/protocol';
import type { Registry } from 'prom-client';
import { createdCounter } from './created-counter.ts';
import { idempotencyKey } from './idempotency.ts';

export type IngestParts = Omit<CounterSeedsParts & AcceptanceParts, 'seeds' | 'clock'> & {
  readonly registry: Registry;
};

/** Elysia plugin: the routes that create applications, chats and messages. */
export function ingestRoutes(parts: IngestParts) {
  return routesOf('ingest', createHandlers(parts));
}

type Creates = Handlers<'createApplication' | 'createChat' | 'createMessage' | 'createMessageShort' | 'createMessages'>;

function createHandlers(parts: IngestParts): Creates {
  const clock = oncePerTurn(systemClock);
  const acceptance = new Acceptance({ ...parts, clock, seeds: new CounterSeeds({ ...parts, clock }) });
  const count = createdCounter(parts.registry);

  const createMessage = async ({ token, chat, body, idempotencyKey: key }: Asked<'createMessage'>) => {
    const content = body.message_content;
    const first = await acceptance.messages(token, chat, [content], idempotencyKey(key, ['message', chat, content]));
    count('message', 1);
    return messageAnswer(token, chat, first, content);
  };

  return {
    createApplication: async ({ body, idempotencyKey: key }) => {
      const name = body.application_name;
      const token = await acceptance.application(name, idempotencyKey(key, ['application', name]));
      count('application', 1);
      return { type: 'application', application_token: token, application_name: name };
    },

    createChat: async ({ token, body, idempotencyKey: key }) => {
      const name = body.chat_name ?? '';
      const number = await acceptance.chat(token, name, idempotencyKey(key, ['chat', name]));
      count('chat', 1);
      return { type: 'chat', application_token: token, chat_number: number, chat_name: name };
    },

    createMessage,
    createMessageShort: createMessage,

    createMessages: async ({ token, chat, body, idempotencyKey: key }) => {
      const contents = body.messages.map(({ message_content }) => message_content);
      const first = await acceptance.messages(token, chat, contents, idempotencyKey(key, ['batch', chat, contents]));
      count('message', contents.length);
      return contents.map((content, index) => messageAnswer(token, chat, first + index, content));
    },
  };
}

function messageAnswer(token: string, chat: number, number: number, content: string) {
  return {
    type: 'message' as const,
    application_token: token,
    chat_number: chat,
    message_number: number,
    message_content: content,
  };
}
