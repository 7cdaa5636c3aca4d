import { BATCH_BODY_BYTES_MAX } from '@parley/domain';
import {
  answer,
  body,
  DELETED,
  EXAMPLE_TIMES,
  EXAMPLE_TOKEN,
  NO_QUERY,
  type Operation,
  page,
  tagged,
} from './operation.ts';
import { PATHS } from './paths.ts';
import * as schemas from './schemas.ts';

const message = { number: 1, content: 'Where is my parcel?', ...EXAMPLE_TIMES };
const createdMessage = (number: number, content: string) => ({
  type: 'message' as const,
  application_token: EXAMPLE_TOKEN,
  chat_number: 1,
  message_number: number,
  message_content: content,
});
const messageAnswer = tagged('The message as it is now.', schemas.Message, message);
const createdMessageAnswer = answer(
  201,
  'Accepted and kept, under the chat’s next number.',
  schemas.CreatedMessage,
  createdMessage(1, 'Where is my parcel?'),
);
const messageInput = body(schemas.MessageInput, { message_content: 'Where is my parcel?' });

export const messageOperations = {
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
    description:
      'All or none are accepted; their numbers are consecutive. `created_at` is for older messages that are moved in.',
    query: NO_QUERY,
    idempotencyKey: 'idempotencyKey',
    body: {
      ...body(schemas.MessageBatchInput, { messages: [{ message_content: 'One' }, { message_content: 'Two' }] }),
      bytesMax: BATCH_BODY_BYTES_MAX,
    },
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
    query: ['limit', 'order', 'afterNumber', 'beforeNumber'],
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
    description: 'Changes the fields that are given. The sender never changes: another `sender_id` is a 422.',
    query: NO_QUERY,
    ifMatch: true,
    body: body(schemas.MessageChangeInput, { message_content: 'Where is my parcel?' }),
    answer: messageAnswer,
  },
  replaceMessage: {
    program: 'api',
    method: 'PUT',
    path: PATHS.message,
    tag: 'Messages',
    summary: 'Replace a message’s content and metadata',
    description: 'The sender never changes: another `sender_id` is a 422.',
    query: NO_QUERY,
    ifMatch: true,
    body: messageInput,
    answer: messageAnswer,
  },
  deleteMessage: {
    program: 'api',
    method: 'DELETE',
    path: PATHS.message,
    tag: 'Messages',
    summary: 'Delete a message',
    query: NO_QUERY,
    ifMatch: true,
    answer: DELETED,
  },
} as const satisfies Readonly<Record<string, Operation>>;
