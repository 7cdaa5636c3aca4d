import { type Asked, type Handlers, routesOf } from '@parley/http';
import {
  Acceptance,
  type AcceptanceParts,
  CounterSeeds,
  type CounterSeedsParts,
  oncePerTurn,
  Pacing,
  systemClock,
} from '@parley/protocol';
import type { Registry } from 'prom-client';
import { createdCounter } from './created-counter.ts';
import { idempotencyKey } from './idempotency.ts';

export type IngestParts = Omit<CounterSeedsParts & AcceptanceParts, 'seeds' | 'clock' | 'pacing'> & {
  readonly partitions: number;
  readonly registry: Registry;
};

/** The routes that create applications, chats and messages. */
export function ingestRoutes(parts: IngestParts) {
  return routesOf('ingest', createHandlers(parts));
}

type Creates = Handlers<'createApplication' | 'createChat' | 'createMessage' | 'createMessageShort' | 'createMessages'>;

function createHandlers(parts: IngestParts): Creates {
  const clock = oncePerTurn(systemClock);
  const pacing = new Pacing({ partitions: parts.partitions, clock, after: (ms, run) => setTimeout(run, ms) });
  const acceptance = new Acceptance({ ...parts, clock, pacing, seeds: new CounterSeeds({ ...parts, clock }) });
  const count = createdCounter(parts.registry);

  const createMessage = ({ token, chat, body, idempotencyKey: key }: Asked<'createMessage'>) => {
    const content = body.message_content;
    const keyed = idempotencyKey(key, ['message', chat, content]);
    return acceptance.acceptOne({ type: 'messages', token, chat, contents: [content], key: keyed }, ({ first }) => {
      count('message', 1);
      return messageAnswer(token, chat, first, content);
    });
  };

  return {
    createApplication: ({ body, idempotencyKey: key }) => {
      const name = body.application_name;
      const keyed = idempotencyKey(key, ['application', name]);
      return acceptance.acceptOne({ type: 'application', name, key: keyed }, ({ token }) => {
        count('application', 1);
        return { type: 'application' as const, application_token: token, application_name: name };
      });
    },

    createChat: ({ token, body, idempotencyKey: key }) => {
      const name = body.chat_name ?? '';
      const keyed = idempotencyKey(key, ['chat', name]);
      return acceptance.acceptOne({ type: 'chat', token, name, key: keyed }, ({ first }) => {
        count('chat', 1);
        return { type: 'chat' as const, application_token: token, chat_number: first, chat_name: name };
      });
    },

    createMessage,
    createMessageShort: createMessage,

    createMessages: ({ token, chat, body, idempotencyKey: key }) => {
      const contents = body.messages.map(({ message_content }) => message_content);
      const keyed = idempotencyKey(key, ['batch', chat, contents]);
      return acceptance.acceptOne({ type: 'messages', token, chat, contents, key: keyed }, ({ first }) => {
        count('message', contents.length);
        return contents.map((content, index) => messageAnswer(token, chat, first + index, content));
      });
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
