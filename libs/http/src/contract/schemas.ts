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

/** The bodies of requests. A field that is not listed is refused: what is not understood is not dropped in silence. */
const strict = { additionalProperties: false };
const SearchText = Type.String({ minLength: 1, maxLength: SEARCH_QUERY_CHARACTERS_MAX, pattern: TEXT_PATTERN });

export const ApplicationBody = Type.Object({ application_name: Name }, strict);
export const ChatBody = Type.Object({ chat_name: ChatName }, strict);
/** A chat that is created without a name has the empty one. */
export const NewChatBody = Type.Object({ chat_name: Type.Optional(ChatName) }, strict);
export const MessageBody = Type.Object({ message_content: Content }, strict);
export const BatchBody = Type.Object(
  { messages: Type.Array(MessageBody, { minItems: 1, maxItems: BATCH_MESSAGES_MAX }) },
  strict,
);
/** The query may be in the URL instead. */
export const SearchBody = Type.Object({ search_query: Type.Optional(SearchText) }, strict);
export const SearchQuery = Type.Object({ search_query: SearchText }, strict);

/** The bodies of answers. */
const Token = Type.String({ pattern: TOKEN_PATTERN, description: 'The application’s token: a UUID in lower case.' });
const Number_ = Type.Integer({ minimum: 1, maximum: NUMBER_MAX });
const Count = Type.Integer({ minimum: 0 });
const Time = Type.String({ format: 'date-time', description: 'UTC, with milliseconds.' });
const times = { created_at: Time, updated_at: Time };

export const CreatedApplication = Type.Object(
  { type: Type.Literal('application'), application_token: Token, application_name: Name },
  strict,
);
export const CreatedChat = Type.Object(
  { type: Type.Literal('chat'), application_token: Token, chat_number: Number_, chat_name: ChatName },
  strict,
);
export const CreatedMessage = Type.Object(
  {
    type: Type.Literal('message'),
    application_token: Token,
    chat_number: Number_,
    message_number: Number_,
    message_content: Content,
  },
  strict,
);
export const CreatedBatch = Type.Array(CreatedMessage, { minItems: 1, maxItems: BATCH_MESSAGES_MAX });
export const ApplicationView = Type.Object({ token: Token, name: Name, chats_count: Count, ...times }, strict);
export const ChatView = Type.Object({ number: Number_, name: ChatName, messages_count: Count, ...times }, strict);
export const MessageView = Type.Object({ number: Number_, content: Content, ...times }, strict);
export const SearchHitView = Type.Object({ number: Number_, content: Content }, strict);

/** RFC 9457. `errors` is there for what a body or a query has wrong; `path` is a JSON pointer or a parameter's name. */
export const ProblemView = Type.Object({
  type: Type.String({ description: 'Always about:blank: the status tells the kind of problem.' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }, strict))),
});
