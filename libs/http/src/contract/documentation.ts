import { body, type Operation, problem, reply } from './operation.ts';
import { PATHS } from './paths.ts';
import * as schemas from './schemas.ts';

/**
 * What the docs page says of every operation, with real examples. The routes themselves live in the apps; here is only
 * what a reader sees, so one program can describe them all.
 */
const TOKEN = '6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a';
const times = { created_at: '2026-03-01T09:30:00.123Z', updated_at: '2026-03-01T09:30:00.123Z' };
const createdMessage = (number: number, content: string) => ({
  type: 'message',
  application_token: TOKEN,
  chat_number: 1,
  message_number: number,
  message_content: content,
});
const application = { token: TOKEN, name: 'Support desk', chats_count: 1, ...times };
const chat = { number: 1, name: 'Delivery questions', messages_count: 2, ...times };
const message = { number: 1, content: 'Where is my parcel?', ...times };
const hits = [{ number: 1, content: 'Where is my parcel?' }];

const badBody = [problem(400), problem(413), problem(415), problem(422)];
const created = [...badBody, problem(503)];
const createdUnder = [problem(400), problem(404), problem(413), problem(415), problem(422), problem(503)];
const list = [problem(422), problem(503)];
const listUnder = [problem(404), problem(422), problem(503)];
const one = [problem(404), problem(422), problem(503)];

const applicationBody = body(schemas.ApplicationBody, { application_name: 'Support desk' });
const chatBody = body(schemas.ChatBody, { chat_name: 'Delivery questions' });
const newChatBody = body(schemas.NewChatBody, { chat_name: 'Delivery questions' }, false);
const messageBody = body(schemas.MessageBody, { message_content: 'Where is my parcel?' });
const searchBody = body(schemas.SearchBody, { search_query: 'parcel' }, false);

const SEARCHING =
  'A message matches where it has all words of the query, as words, beginnings or parts of words; "quotes" keep words together. A query of punctuation alone looks for that. Hits show messages as they are now; a page can be short with a next one.';

/** Where a search has its query. */
const WHERE =
  'The query is `search_query` in the URL, or in a JSON body `{"search_query": "…"}`. No body, `{}` and `null` leave it to the URL; where both have a query it must be the same. `limit` and `cursor` stay in the URL.';

export const OPERATIONS: readonly Operation[] = [
  {
    method: 'POST',
    path: PATHS.applications,
    tag: 'Applications',
    summary: 'Create an application',
    description: 'An Idempotency-Key has at least 32 characters here.',
    idempotent: true,
    body: applicationBody,
    responses: [
      reply(201, 'Created', schemas.CreatedApplication, {
        type: 'application',
        application_token: TOKEN,
        application_name: 'Support desk',
      }),
      ...created,
    ],
  },
  {
    method: 'GET',
    path: PATHS.applications,
    tag: 'Applications',
    summary: 'List applications',
    paging: 'token',
    responses: [reply(200, 'A page, by token', listOf(schemas.ApplicationView), [application]), ...list],
  },
  {
    method: 'GET',
    path: PATHS.application,
    tag: 'Applications',
    summary: 'Read an application',
    responses: [reply(200, 'The application', schemas.ApplicationView, application), ...one],
  },
  ...(['PATCH', 'PUT'] as const).map((method) => ({
    method,
    path: PATHS.application,
    tag: 'Applications',
    summary: 'Rename an application',
    body: applicationBody,
    responses: [reply(200, 'The changed application', schemas.ApplicationView, application), ...createdUnder],
  })),
  {
    method: 'POST',
    path: PATHS.chats,
    tag: 'Chats',
    summary: 'Create a chat',
    description: 'Without a body, or without a name in it, the name is empty in every answer.',
    idempotent: true,
    body: newChatBody,
    responses: [
      reply(201, 'Created, under the application’s next number', schemas.CreatedChat, {
        type: 'chat',
        application_token: TOKEN,
        chat_number: 1,
        chat_name: 'Delivery questions',
      }),
      ...createdUnder,
    ],
  },
  {
    method: 'GET',
    path: PATHS.chats,
    tag: 'Chats',
    summary: 'List chats',
    paging: 'number',
    responses: [reply(200, 'A page, by number', listOf(schemas.ChatView), [chat]), ...listUnder],
  },
  {
    method: 'GET',
    path: PATHS.chat,
    tag: 'Chats',
    summary: 'Read a chat',
    responses: [reply(200, 'The chat', schemas.ChatView, chat), ...one],
  },
  ...(['PATCH', 'PUT'] as const).map((method) => ({
    method,
    path: PATHS.chat,
    tag: 'Chats',
    summary: 'Rename a chat',
    body: chatBody,
    responses: [reply(200, 'The changed chat', schemas.ChatView, chat), ...createdUnder],
  })),
  ...[PATHS.messages, PATHS.chat].map((path) => ({
    method: 'POST' as const,
    path,
    tag: 'Messages',
    summary: path === PATHS.chat ? 'Create a message (short form)' : 'Create a message',
    idempotent: true,
    body: messageBody,
    responses: [
      reply(201, 'Accepted for good, under the chat’s next number', schemas.CreatedMessage, {
        ...createdMessage(1, 'Where is my parcel?'),
      }),
      ...createdUnder,
    ],
  })),
  {
    method: 'POST',
    path: PATHS.batch,
    tag: 'Messages',
    summary: 'Create up to 1,000 messages',
    description: 'All or none are accepted; their numbers are consecutive.',
    idempotent: true,
    body: body(schemas.BatchBody, { messages: [{ message_content: 'One' }, { message_content: 'Two' }] }),
    responses: [
      reply(201, 'Accepted for good, in the order of the request', schemas.CreatedBatch, [
        createdMessage(2, 'One'),
        createdMessage(3, 'Two'),
      ]),
      ...createdUnder,
    ],
  },
  {
    method: 'GET',
    path: PATHS.messages,
    tag: 'Messages',
    summary: 'List messages',
    paging: 'number',
    responses: [reply(200, 'A page, by number', listOf(schemas.MessageView), [message]), ...listUnder],
  },
  {
    method: 'GET',
    path: PATHS.message,
    tag: 'Messages',
    summary: 'Read a message',
    responses: [reply(200, 'The message', schemas.MessageView, message), ...one],
  },
  ...(['PATCH', 'PUT'] as const).map((method) => ({
    method,
    path: PATHS.message,
    tag: 'Messages',
    summary: 'Change a message',
    body: messageBody,
    responses: [reply(200, 'The changed message', schemas.MessageView, message), ...createdUnder],
  })),
  {
    method: 'GET',
    path: PATHS.search,
    tag: 'Search',
    summary: 'Search a chat',
    description: `${WHERE} The body may also be that of this GET, for clients that can send one. ${SEARCHING}`,
    searching: true,
    responses: [reply(200, 'Matches, best first', listOf(schemas.SearchHitView), hits), ...listUnder],
  },
  {
    method: 'POST',
    path: PATHS.search,
    tag: 'Search',
    summary: 'Search a chat, with the query in the body',
    description: `${WHERE} ${SEARCHING}`,
    searching: true,
    body: searchBody,
    responses: [reply(200, 'Matches, best first', listOf(schemas.SearchHitView), hits), ...createdUnder],
  },
];

function listOf(item: object): object {
  return { type: 'array', items: item };
}
