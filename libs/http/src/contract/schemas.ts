import {
  BATCH_MESSAGES_MAX,
  ChatName,
  Content,
  Name,
  NUMBER_MAX,
  SEARCH_QUERY_CHARACTERS_MAX,
  TEXT_PATTERN,
  TOKEN_PATTERN,
} from '@parley/domain';
import { Type } from 'typebox';

/** For bodies of requests: an unlisted field is refused, so that nothing that a client sends is silently ignored. */
const strict = { additionalProperties: false };
const SearchText = Type.String({ minLength: 1, maxLength: SEARCH_QUERY_CHARACTERS_MAX, pattern: TEXT_PATTERN });

export const ApplicationInput = Type.Object({ application_name: Name }, strict);
export const ChatInput = Type.Object({ chat_name: ChatName }, strict);
/** The name is optional here: a chat that is created without one has the name "". */
export const CreateChatInput = Type.Object({ chat_name: Type.Optional(ChatName) }, strict);
export const MessageInput = Type.Object({ message_content: Content }, strict);
export const MessageBatchInput = Type.Object(
  { messages: Type.Array(MessageInput, { minItems: 1, maxItems: BATCH_MESSAGES_MAX }) },
  strict,
);
/** `search_query` is optional here because it may be in the URL. */
export const SearchInput = Type.Object({ search_query: Type.Optional(SearchText) }, strict);

/** For bodies of answers, from here on. They may have unlisted fields: a later version may add some. */
const Token = Type.String({ pattern: TOKEN_PATTERN, description: 'The application’s token: a UUID in lower case.' });
/** The `int64` format makes generated clients use more than 32 bits. */
const Number_ = Type.Integer({ format: 'int64', minimum: 1, maximum: NUMBER_MAX });
const Count = Type.Integer({ format: 'int64', minimum: 0 });
const Time = Type.String({ format: 'date-time', description: 'UTC, with milliseconds.' });
const times = { created_at: Time, updated_at: Time };

export const CreatedApplication = Type.Object({
  type: Type.Literal('application'),
  application_token: Token,
  application_name: Name,
});
export const CreatedChat = Type.Object({
  type: Type.Literal('chat'),
  application_token: Token,
  chat_number: Number_,
  chat_name: ChatName,
});
export const CreatedMessage = Type.Object({
  type: Type.Literal('message'),
  application_token: Token,
  chat_number: Number_,
  message_number: Number_,
  message_content: Content,
});
export const CreatedMessages = Type.Array(CreatedMessage, { minItems: 1, maxItems: BATCH_MESSAGES_MAX });
export const Application = Type.Object({ token: Token, name: Name, chats_count: Count, ...times });
export const Chat = Type.Object({ number: Number_, name: ChatName, messages_count: Count, ...times });
export const Message = Type.Object({ number: Number_, content: Content, ...times });
export const SearchHit = Type.Object({ number: Number_, content: Content });

export const FieldError = Type.Object({
  path: Type.String({
    description: 'A JSON pointer into the body (`/message_content`), or the name of a parameter (`limit`).',
  }),
  message: Type.String(),
});
/** An error answer (RFC 9457). `errors` is present if single values of the request are wrong. */
export const Problem = Type.Object({
  type: Type.String({ description: 'Always about:blank: the status tells the kind of problem.' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  errors: Type.Optional(
    Type.Array(FieldError, { description: 'What is wrong in the body or the query, at most twenty things.' }),
  ),
});
