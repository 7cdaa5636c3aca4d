import { BATCH_BODY_BYTES_MAX, BODY_BYTES_MAX } from '@parley/domain';
import { type Static, type TSchema, Type } from 'typebox';
import type { ParameterName } from './parameters.ts';
import { PATHS, type Path } from './paths.ts';
import * as schemas from './schemas.ts';

/**
 * An operation of the API. The programs' routes, the methods of each path, nginx's configuration, and the OpenAPI
 * document with its errors are made from the table OPERATIONS. To add one, add it there and write its handler.
 */
export interface Operation {
  readonly program: Program;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  readonly path: Path;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description?: string;
  /** The query parameters that the operation accepts. A request with any other gets a 422. */
  readonly query: readonly ParameterName[];
  /** The Idempotency-Key header that the operation accepts; only creates have one. */
  readonly idempotencyKey?: ParameterName;
  readonly body?: Body;
  /** nginx and the standalone pass a GET with a body on as a POST to the same path. */
  readonly withBodyAsPost?: true;
  readonly answer: Answer;
}

export type Program = 'ingest' | 'api';

export interface Body {
  readonly schema: TSchema;
  readonly example: unknown;
  readonly bytesMax: number;
  /** Set if the body is optional: these bodies count as an object without fields. */
  readonly emptyIf?: 'absent' | 'absent or null';
}

export interface Answer {
  readonly status: 200 | 201;
  readonly description: string;
  readonly schema: TSchema;
  readonly example: unknown;
  /** The answer is one page of a list; its `Link` header leads to the next and previous pages. */
  readonly paged?: true;
}

export const TAGS = {
  Applications:
    'An application has a token and chats. Create one for each of your products, customers or environments.',
  Chats: 'Numbered 1, 2, 3… within their application.',
  Messages: 'Numbered 1, 2, 3… within their chat.',
  Search: 'Over the messages of a chat.',
} as const;

const TOKEN = '6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a';
const times = { created_at: '2026-03-01T09:30:00.123Z', updated_at: '2026-03-01T09:30:00.123Z' };
const message = { number: 1, content: 'Where is my parcel?', ...times };
const createdMessage = (number: number, content: string) => ({
  type: 'message' as const,
  application_token: TOKEN,
  chat_number: 1,
  message_number: number,
  message_content: content,
});

const applicationAnswer = answer(200, 'The application as it is now.', schemas.Application, {
  ...{ token: TOKEN, name: 'Support desk', chats_count: 1 },
  ...times,
});
const chatAnswer = answer(200, 'The chat as it is now.', schemas.Chat, {
  ...{ number: 1, name: 'Delivery questions', messages_count: 2 },
  ...times,
});
const messageAnswer = answer(200, 'The message as it is now.', schemas.Message, message);
const createdMessageAnswer = answer(
  201,
  'Accepted and kept, under the chat’s next number.',
  schemas.CreatedMessage,
  createdMessage(1, 'Where is my parcel?'),
);
const hitsAnswer = page('Matches, best first.', schemas.SearchHit, { number: 1, content: 'Where is my parcel?' });

const applicationInput = body(schemas.ApplicationInput, { application_name: 'Support desk' });
const createChatInput = {
  ...body(schemas.CreateChatInput, { chat_name: 'Delivery questions' }),
  emptyIf: 'absent',
} as const;
const chatInput = body(schemas.ChatInput, { chat_name: 'Delivery questions' });
const messageInput = body(schemas.MessageInput, { message_content: 'Where is my parcel?' });
const batchInput = {
  ...body(schemas.MessageBatchInput, { messages: [{ message_content: 'One' }, { message_content: 'Two' }] }),
  bytesMax: BATCH_BODY_BYTES_MAX,
};
/** Clients that search by GET send `null` when they have no body, so `null` counts as no body. */
const searchInput = { ...body(schemas.SearchInput, { search_query: 'parcel' }), emptyIf: 'absent or null' } as const;

const NUMBER_PAGE = ['limit', 'order', 'afterNumber', 'beforeNumber'] as const;
const TOKEN_PAGE = ['limit', 'order', 'afterToken', 'beforeToken'] as const;
const SEARCH = ['searchQuery', 'limit', 'cursor'] as const;
const SEARCH_BY_BODY = ['searchQueryInUrl', 'limit', 'cursor'] as const;
const NO_QUERY = [] as const;

const SEARCHING =
  'A message matches if it has all words of the query, as words, beginnings or parts of words; "quotes" keep words together. A query of only punctuation searches for that punctuation. Hits show messages as they are now. A page can be short and still have a next page.';

export const OPERATIONS = {
  createApplication: {
    program: 'ingest',
    method: 'POST',
    path: PATHS.applications,
    tag: 'Applications',
    summary: 'Create an application',
    query: NO_QUERY,
    idempotencyKey: 'applicationIdempotencyKey',
    body: applicationInput,
    answer: answer(201, 'Accepted and kept.', schemas.CreatedApplication, {
      type: 'application',
      application_token: TOKEN,
      application_name: 'Support desk',
    }),
  },
  listApplications: {
    program: 'api',
    method: 'GET',
    path: PATHS.applications,
    tag: 'Applications',
    summary: 'List applications',
    query: TOKEN_PAGE,
    answer: page('A page, by token.', schemas.Application, applicationAnswer.example),
  },
  getApplication: {
    program: 'api',
    method: 'GET',
    path: PATHS.application,
    tag: 'Applications',
    summary: 'Read an application',
    query: NO_QUERY,
    answer: applicationAnswer,
  },
  updateApplication: {
    program: 'api',
    method: 'PATCH',
    path: PATHS.application,
    tag: 'Applications',
    summary: 'Rename an application',
    query: NO_QUERY,
    body: applicationInput,
    answer: applicationAnswer,
  },
  replaceApplication: {
    program: 'api',
    method: 'PUT',
    path: PATHS.application,
    tag: 'Applications',
    summary: 'Replace an application’s name',
    query: NO_QUERY,
    body: applicationInput,
    answer: applicationAnswer,
  },
  createChat: {
    program: 'ingest',
    method: 'POST',
    path: PATHS.chats,
    tag: 'Chats',
    summary: 'Create a chat',
    description: 'Without a body, or without a name in the body, the chat’s name is empty in every answer.',
    query: NO_QUERY,
    idempotencyKey: 'idempotencyKey',
    body: createChatInput,
    answer: answer(201, 'Accepted and kept, under the application’s next number.', schemas.CreatedChat, {
      type: 'chat',
      application_token: TOKEN,
      chat_number: 1,
      chat_name: 'Delivery questions',
    }),
  },
  listChats: {
    program: 'api',
    method: 'GET',
    path: PATHS.chats,
    tag: 'Chats',
    summary: 'List chats',
    query: NUMBER_PAGE,
    answer: page('A page, by number.', schemas.Chat, chatAnswer.example),
  },
  getChat: {
    program: 'api',
    method: 'GET',
    path: PATHS.chat,
    tag: 'Chats',
    summary: 'Read a chat',
    query: NO_QUERY,
    answer: chatAnswer,
  },
  updateChat: {
    program: 'api',
    method: 'PATCH',
    path: PATHS.chat,
    tag: 'Chats',
    summary: 'Rename a chat',
    query: NO_QUERY,
    body: chatInput,
    answer: chatAnswer,
  },
  replaceChat: {
    program: 'api',
    method: 'PUT',
    path: PATHS.chat,
    tag: 'Chats',
    summary: 'Replace a chat’s name',
    query: NO_QUERY,
    body: chatInput,
    answer: chatAnswer,
  },
  createMessage: {
    program: 'ingest',
    method: 'POST',
    path: PATHS.messages,
    tag: 'Messages',
    summary: 'Create a message',
    query: NO_QUERY,
    idempotencyKey: 'idempotencyKey',
    body: messageInput,
    answer: createdMessageAnswer,
  },
  createMessageShort: {
    program: 'ingest',
    method: 'POST',
    path: PATHS.chat,
    tag: 'Messages',
    summary: 'Create a message (short form)',
    description: 'The same as a POST to the chat’s `messages`.',
    query: NO_QUERY,
    idempotencyKey: 'idempotencyKey',
    body: messageInput,
    answer: createdMessageAnswer,
  },
  createMessages: {
    program: 'ingest',
    method: 'POST',
    path: PATHS.batch,
    tag: 'Messages',
    summary: 'Create up to 1,000 messages',
    description: 'All or none are accepted; their numbers are consecutive.',
    query: NO_QUERY,
    idempotencyKey: 'idempotencyKey',
    body: batchInput,
    answer: answer(201, 'Accepted and kept, in the order of the request.', schemas.CreatedMessages, [
      createdMessage(2, 'One'),
      createdMessage(3, 'Two'),
    ]),
  },
  listMessages: {
    program: 'api',
    method: 'GET',
    path: PATHS.messages,
    tag: 'Messages',
    summary: 'List messages',
    query: NUMBER_PAGE,
    answer: page('A page, by number.', schemas.Message, message),
  },
  getMessage: {
    program: 'api',
    method: 'GET',
    path: PATHS.message,
    tag: 'Messages',
    summary: 'Read a message',
    query: NO_QUERY,
    answer: messageAnswer,
  },
  updateMessage: {
    program: 'api',
    method: 'PATCH',
    path: PATHS.message,
    tag: 'Messages',
    summary: 'Change a message',
    query: NO_QUERY,
    body: messageInput,
    answer: messageAnswer,
  },
  replaceMessage: {
    program: 'api',
    method: 'PUT',
    path: PATHS.message,
    tag: 'Messages',
    summary: 'Replace a message’s content',
    query: NO_QUERY,
    body: messageInput,
    answer: messageAnswer,
  },
  searchMessages: {
    program: 'api',
    method: 'GET',
    path: PATHS.search,
    tag: 'Search',
    summary: 'Search a chat',
    description: `The query is \`search_query\`. Clients that can send a body with a GET may put the query there, as with the POST. ${SEARCHING}`,
    query: SEARCH,
    withBodyAsPost: true,
    answer: hitsAnswer,
  },
  searchMessagesByBody: {
    program: 'api',
    method: 'POST',
    path: PATHS.search,
    tag: 'Search',
    summary: 'Search a chat, with the query in the body',
    description: `If there is no body, or it is \`{}\` or \`null\`, the query is in the URL; if both have one, it must be the same. \`limit\` and \`cursor\` stay in the URL. ${SEARCHING}`,
    query: SEARCH_BY_BODY,
    body: searchInput,
    answer: hitsAnswer,
  },
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationId = keyof typeof OPERATIONS;
export type OperationOf<Of extends Program> = {
  [Id in OperationId]: (typeof OPERATIONS)[Id]['program'] extends Of ? Id : never;
}[OperationId];

export const OPERATION_IDS = Object.keys(OPERATIONS) as readonly OperationId[];

function body<Schema extends TSchema>(schema: Schema, example: Static<Schema>) {
  return { schema, example, bytesMax: BODY_BYTES_MAX } as const;
}

function answer<Status extends 200 | 201, Schema extends TSchema>(
  status: Status,
  description: string,
  schema: Schema,
  example: Static<Schema>,
) {
  return { status, description, schema, example } as const;
}

function page<Schema extends TSchema>(description: string, item: Schema, example: Static<Schema>) {
  const schema = Type.Array(item);
  return { status: 200, description, schema, example: [example], paged: true } as const;
}
