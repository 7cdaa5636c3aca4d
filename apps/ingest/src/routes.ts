import { type MessageExtras, userOf } from '@parley/domain';
import { type Asked, type Handlers, metadataText, routesOf } from '@parley/http';
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
import { extrasOf, extrasOfBatch, type GivenMessage } from './extras.ts';
import { idempotencyKey } from './idempotency.ts';
import { asSender } from './sender.ts';

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

  const createMessage = ({ token, chat, body, idempotencyKey: key, caller, quota }: Asked<'createMessage'>) => {
    const message = asSender(caller, body);
    const content = message.message_content;
    const extras = extrasOf(message);
    const keyed =
      key === undefined ? undefined : idempotencyKey(key, requestOf('message', extras, chat, content), userOf(caller));
    return acceptance.acceptOne(
      { type: 'messages', token, chat, contents: [content], key: keyed, extras, rate: quota?.rate },
      ({ first, remaining }) => {
        count('message', 1);
        if (remaining !== undefined) quota?.noteMessages(remaining);
        return extras === undefined
          ? messageAnswer(token, chat, first, content)
          : withExtras(messageAnswer(token, chat, first, content), message);
      },
    );
  };

  return {
    createApplication: ({ body, idempotencyKey: key }) => {
      const name = body.application_name;
      const metadata = body.metadata && metadataText(body.metadata);
      const keyed = idempotencyKey(key, requestOf('application', metadata, name));
      return acceptance.acceptOne({ type: 'application', name, key: keyed, metadata }, ({ token }) => {
        count('application', 1);
        const answer = { type: 'application' as const, application_token: token, application_name: name };
        return metadata === undefined ? answer : withExtras(answer, body);
      });
    },

    createChat: ({ token, body, idempotencyKey: key }) => {
      const name = body.chat_name ?? '';
      const metadata = body.metadata && metadataText(body.metadata);
      const keyed = idempotencyKey(key, requestOf('chat', metadata, name));
      return acceptance.acceptOne({ type: 'chat', token, name, key: keyed, metadata }, ({ first }) => {
        count('chat', 1);
        const answer = { type: 'chat' as const, application_token: token, chat_number: first, chat_name: name };
        return metadata === undefined ? answer : withExtras(answer, body);
      });
    },

    createMessage,
    createMessageShort: createMessage,

    createMessages: ({ token, chat, body, idempotencyKey: key, caller, quota }) => {
      const messages = caller.kind === 'user' ? body.messages.map((given) => asSender(caller, given)) : body.messages;
      const contents = messages.map(({ message_content }) => message_content);
      const extras = extrasOfBatch(messages);
      const keyed = idempotencyKey(key, requestOf('batch', extras, chat, contents), userOf(caller));
      return acceptance.acceptOne(
        { type: 'messages', token, chat, contents, key: keyed, extras, rate: quota?.rate },
        ({ first, remaining }) => {
          count('message', contents.length);
          if (remaining !== undefined) quota?.noteMessages(remaining);
          if (extras === undefined) {
            return contents.map((content, index) => messageAnswer(token, chat, first + index, content));
          }
          return messages.map((message, index) =>
            withExtras(messageAnswer(token, chat, first + index, message.message_content), message),
          );
        },
      );
    },
  };
}

/**
 * Everything that makes up a create, for its idempotency key. What is optional comes last, and only if it was given: so
 * a create without it has the hash that it had in earlier versions.
 */
function requestOf(
  kind: string,
  optional: string | readonly MessageExtras[] | undefined,
  ...what: readonly unknown[]
): readonly unknown[] {
  return optional === undefined ? [kind, ...what] : [kind, ...what, optional];
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

/** An answer with the optional fields that the request gave. */
function withExtras<Answer extends object>(answer: Answer, { sender_id, metadata }: GivenMessage) {
  return {
    ...answer,
    ...(sender_id !== undefined && { sender_id }),
    ...(metadata !== undefined && { metadata }),
  };
}
