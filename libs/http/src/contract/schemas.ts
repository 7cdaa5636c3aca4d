import {
  BATCH_MESSAGES_MAX,
  ChatName,
  Content,
  ID_PATTERN,
  KEY_NAME_CHARACTERS_MAX,
  LIMIT_MAX,
  METADATA_BYTES_MAX,
  Name,
  NUMBER_MAX,
  REPLAYED_MAX,
  RETENTION_DAYS_MAX,
  SCOPES,
  SEARCH_QUERY_CHARACTERS_MAX,
  TEXT_PATTERN,
  TOKEN_PATTERN,
  UNREAD_COUNT_MAX,
  USER_SCOPES,
  USER_TOKEN_CHATS_MAX,
  USER_TOKEN_SECONDS_DEFAULT,
  USER_TOKEN_SECONDS_MAX,
  USER_TOKEN_SECONDS_MIN,
} from '@parley/domain';
import { Type } from 'typebox';

/** Fields of requests and answers. */
const OWN_DATA = `Your own data: a JSON object of at most ${METADATA_BYTES_MAX} bytes as compact JSON. It comes back equal; the order of its keys may differ. Numbers are doubles; whole ones beyond ±(2^53 - 1) are refused: send them as text.`;
const Metadata = Type.Object({}, { additionalProperties: true, description: OWN_DATA });
const Sender = Type.String({ pattern: ID_PATTERN, description: 'Who sent it, by an id of your own; not `.` or `..`.' });
const User = Type.String({ pattern: ID_PATTERN, description: 'A user, by an id of your own; not `.` or `..`.' });
/** The `int64` format makes generated clients use more than 32 bits. */
const Number_ = Type.Integer({ format: 'int64', minimum: 1, maximum: NUMBER_MAX });

/** For bodies of requests: an unlisted field is refused, so that nothing that a client sends is silently ignored. */
const strict = { additionalProperties: false };
/** For bodies of changes: they have at least one field, and those that are not given stay. */
const change = { ...strict, minProperties: 1 };
const metadata = Type.Optional(Metadata);
const sender_id = Type.Optional(Sender);
const changedMetadata = Type.Optional(
  Type.Unsafe<object | null>({
    type: ['object', 'null'],
    additionalProperties: true,
    description: `Replaces the metadata as a whole; null removes it. ${OWN_DATA}`,
  }),
);
const SearchText = Type.String({ minLength: 1, maxLength: SEARCH_QUERY_CHARACTERS_MAX, pattern: TEXT_PATTERN });
const GivenTime = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

export const ApplicationInput = Type.Object({ application_name: Name, metadata }, strict);
export const ApplicationChangeInput = Type.Object(
  { application_name: Type.Optional(Name), metadata: changedMetadata },
  change,
);
const Limit = (description: string) =>
  Type.Optional(
    Type.Unsafe<number | null>({
      ...{ type: ['integer', 'null'], format: 'int64', minimum: 1, maximum: LIMIT_MAX },
      description: `${description}; null: the installation’s default.`,
    }),
  );
const LIMITS = {
  messages_per_second: 'Messages created a second, in all chats; bursts of 1,000 pass even with a smaller limit',
  requests_per_second:
    'Requests a second, in each of the system’s processes; bursts of 10 pass even with a smaller limit',
  creates_in_flight: 'Creates that are not answered yet, in each process',
  live_connections: 'Live streams at the same time, in each process',
} as const;
export const LimitsChangeInput = Type.Object(
  {
    retention_days: Type.Optional(
      Type.Unsafe<number | null>({
        ...{ type: ['integer', 'null'], format: 'int64', minimum: 1, maximum: RETENTION_DAYS_MAX },
        description: 'How many days messages are kept; null: for ever.',
      }),
    ),
    messages_per_second: Limit(LIMITS.messages_per_second),
    requests_per_second: Limit(LIMITS.requests_per_second),
    creates_in_flight: Limit(LIMITS.creates_in_flight),
    live_connections: Limit(LIMITS.live_connections),
  },
  change,
);
const KeyName = Type.String({
  ...{ minLength: 1, maxLength: KEY_NAME_CHARACTERS_MAX, pattern: TEXT_PATTERN },
  description: 'What you call it.',
});
const Scopes = Type.Array(Type.Enum([...SCOPES]), {
  ...{ minItems: 1, maxItems: SCOPES.length, uniqueItems: true },
  description: 'What the key may do in its application.',
});
export const KeyInput = Type.Object(
  {
    name: KeyName,
    scopes: Type.Optional(
      Type.Array(Type.Enum([...SCOPES]), {
        ...{ minItems: 1, maxItems: SCOPES.length, uniqueItems: true },
        description: 'What the key may do in its application. Default: all.',
      }),
    ),
    expires_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'When it ends (RFC 3339); default: never.' }),
    ),
  },
  strict,
);
const UserScopes = Type.Array(Type.Enum([...USER_SCOPES]), {
  ...{ minItems: 1, maxItems: USER_SCOPES.length, uniqueItems: true },
  description: 'What the user may do in these chats. Default: both, as far as the secret key may.',
});
export const SessionInput = Type.Object(
  {
    user_id: User,
    chats: Type.Optional(
      Type.Unsafe<'*' | number[]>({
        oneOf: [
          { type: 'string', const: '*' },
          {
            type: 'array',
            items: { type: 'integer', format: 'int64', minimum: 1, maximum: NUMBER_MAX },
            maxItems: USER_TOKEN_CHATS_MAX,
          },
        ],
        description: 'The numbers of the chats that exist for the user, or `"*"` for all. Default: none.',
      }),
    ),
    can: Type.Optional(UserScopes),
    ttl_s: Type.Optional(
      Type.Integer({
        ...{ minimum: USER_TOKEN_SECONDS_MIN, maximum: USER_TOKEN_SECONDS_MAX },
        description: `Seconds until the token ends. Default ${USER_TOKEN_SECONDS_DEFAULT}.`,
      }),
    ),
  },
  strict,
);
export const ReplayInput = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: REPLAYED_MAX,
        description: `How many at most, the oldest first. Default ${REPLAYED_MAX}: repeat until none is waiting.`,
      }),
    ),
  },
  strict,
);
export const ChatInput = Type.Object({ chat_name: ChatName, metadata }, strict);
/** The name is optional here: a chat that is created without one has the name "". */
export const CreateChatInput = Type.Object({ chat_name: Type.Optional(ChatName), metadata }, strict);
export const ChatChangeInput = Type.Object({ chat_name: Type.Optional(ChatName), metadata: changedMetadata }, change);
export const MessageInput = Type.Object({ message_content: Content, sender_id, metadata }, strict);
export const MessageChangeInput = Type.Object(
  { message_content: Type.Optional(Content), sender_id, metadata: changedMetadata },
  change,
);
export const BatchMessageInput = Type.Object(
  {
    ...{ message_content: Content, sender_id, metadata },
    created_at: GivenTime(
      'When an older message that is moved in was created (RFC 3339): since 1970, and at most a minute in the future, because clocks differ.',
    ),
  },
  strict,
);
export const MessageBatchInput = Type.Object(
  { messages: Type.Array(BatchMessageInput, { minItems: 1, maxItems: BATCH_MESSAGES_MAX }) },
  strict,
);
export const ReadInput = Type.Object({ message_number: Number_ }, strict);
/** `search_query` is optional here because it may be in the URL. */
export const SearchInput = Type.Object(
  {
    search_query: Type.Optional(SearchText),
    sender_id: Type.Optional(Type.String({ pattern: ID_PATTERN, description: 'Only messages of this sender.' })),
    from: GivenTime('Only messages created at this time or later (RFC 3339).'),
    to: GivenTime('Only messages created before this time (RFC 3339).'),
    order: Type.Optional(Type.Enum(['best', 'newest'])),
    highlights: Type.Optional(Type.Boolean({ description: 'Whether hits have `highlights`.' })),
  },
  strict,
);

/** For bodies of answers, from here on. They may have unlisted fields: a later version may add some. */
const Token = Type.String({ pattern: TOKEN_PATTERN, description: 'The application’s token: a UUID in lower case.' });
const Count = Type.Integer({ format: 'int64', minimum: 0 });
const Time = Type.String({ format: 'date-time', description: 'UTC, with milliseconds.' });
const times = { created_at: Time, updated_at: Time };

export const CreatedApplication = Type.Object({
  type: Type.Literal('application'),
  application_token: Token,
  application_name: Name,
  metadata,
});
export const CreatedChat = Type.Object({
  type: Type.Literal('chat'),
  application_token: Token,
  chat_number: Number_,
  chat_name: ChatName,
  metadata,
});
export const CreatedMessage = Type.Object({
  type: Type.Literal('message'),
  application_token: Token,
  chat_number: Number_,
  message_number: Number_,
  message_content: Content,
  sender_id,
  metadata,
});
export const CreatedMessages = Type.Array(CreatedMessage, { minItems: 1, maxItems: BATCH_MESSAGES_MAX });
export const Application = Type.Object({ token: Token, name: Name, metadata, chats_count: Count, ...times });
const ownLimit = (description: string) =>
  Type.Optional(
    Type.Integer({
      ...{ format: 'int64', minimum: 1, maximum: LIMIT_MAX },
      description: `${description}. Absent: the installation’s default.`,
    }),
  );
export const Limits = Type.Object({
  retention_days: Type.Optional(
    Type.Integer({ format: 'int64', minimum: 1, maximum: RETENTION_DAYS_MAX, description: 'Absent: no limit.' }),
  ),
  messages_per_second: ownLimit(LIMITS.messages_per_second),
  requests_per_second: ownLimit(LIMITS.requests_per_second),
  creates_in_flight: ownLimit(LIMITS.creates_in_flight),
  live_connections: ownLimit(LIMITS.live_connections),
});
const keyFields = {
  id: Type.String({ format: 'uuid', description: 'Names the key when it is revoked.' }),
  name: KeyName,
  scopes: Scopes,
  created_at: Time,
  expires_at: Type.Optional(Time),
};
export const CreatedKey = Type.Object({
  type: Type.Literal('key'),
  ...keyFields,
  secret_key: Type.String({ description: 'The key itself. It is shown only here: keep it.' }),
});
export const Key = Type.Object({
  ...keyFields,
  last_used_at: Type.Optional(
    Type.String({ format: 'date-time', description: 'To the hour; absent: it was not used yet.' }),
  ),
});
export const Session = Type.Object({
  type: Type.Literal('session'),
  access_token: Type.String({ description: 'A JSON Web Token for `Authorization: Bearer`.' }),
  user_id: User,
  expires_at: Time,
});
export const Program = Type.Object({
  id: Type.String({ description: 'Names this process.' }),
  name: Type.String({ description: 'ingest, api, worker or standalone.' }),
  version: Type.String(),
  started_at: Time,
  at: Type.String({ format: 'date-time', description: 'When it told its figures, every two seconds.' }),
  values: Type.Unsafe<Record<string, number>>({
    ...{ type: 'object', additionalProperties: { type: 'number' } },
    description: 'Its metrics by name, summed over their labels.',
  }),
});
export const LimitedApplication = Type.Object({
  ...{ token: Token, name: Name, chats_count: Count },
  limits: Limits,
  ...times,
});
export const DeadLetter = Type.Object({
  reason: Type.String({ description: 'Why the event could not be stored.' }),
  detail: Type.Optional(Type.String()),
  content: Type.String({ description: 'The event, as it was published.' }),
});
export const Replayed = Type.Object({ replayed: Count, waiting: Count });
const LastMessage = Type.Object(
  { number: Number_, content: Content, sender_id, created_at: Time },
  { description: 'The chat’s last message; absent in an empty chat. Only with `order=activity`.' },
);
export const Chat = Type.Object({
  number: Number_,
  name: ChatName,
  metadata,
  messages_count: Count,
  unread_count: Type.Optional(
    Type.Integer({
      ...{ format: 'int64', minimum: 0, maximum: UNREAD_COUNT_MAX },
      description: `Messages of others that the user has not read, ${UNREAD_COUNT_MAX} at most. Only with \`user_id\`.`,
    }),
  ),
  last_message: Type.Optional(LastMessage),
  ...times,
});
export const Read = Type.Object({
  user_id: User,
  message_number: Type.Integer({
    ...{ format: 'int64', minimum: 1, maximum: NUMBER_MAX },
    description: 'The last message that the user has read.',
  }),
  updated_at: Time,
});
export const Message = Type.Object({ number: Number_, content: Content, sender_id, metadata, ...times });
const Highlight = Type.Array(Count, { minItems: 2, maxItems: 2 });
export const SearchHit = Type.Object({
  number: Number_,
  chat_number: Type.Optional(
    Type.Integer({
      ...{ format: 'int64', minimum: 1, maximum: NUMBER_MAX },
      description: 'Only in a search of an application.',
    }),
  ),
  content: Content,
  sender_id,
  created_at: Type.Optional(Time),
  highlights: Type.Optional(
    Type.Array(Highlight, {
      description:
        'The places in the content that match: the first character of each (counted in code points, from 0), and the one after its last. Only with `highlights=true`.',
    }),
  ),
});

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
