import {
  APPLICATION_IDEMPOTENCY_KEY_CHARACTERS_MIN,
  ID_PATTERN,
  IDEMPOTENCY_KEY_CHARACTERS_MAX,
  NUMBER_MAX,
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  SEARCH_QUERY_CHARACTERS_MAX,
  TOKEN_PATTERN,
  UNREAD_COUNT_MAX,
} from '@parley/domain';

/** A parameter in a request's path, query or header; `schema` is the JSON Schema of its value. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly required?: true;
  readonly schema: object;
  /** A value that the docs page fills in. */
  readonly example?: number | string;
}

const token = { type: 'string', pattern: TOKEN_PATTERN };
const number = { type: 'integer', format: 'int64', minimum: 1, maximum: NUMBER_MAX };
const id = { type: 'string', pattern: ID_PATTERN };
const time = { type: 'string', format: 'date-time' };
const searchText = { type: 'string', minLength: 1, maxLength: SEARCH_QUERY_CHARACTERS_MAX };

/** The parameters of all operations. The keys are their names among the components of the OpenAPI document. */
export const PARAMETERS = {
  applicationToken: { in: 'path', name: 'token', description: 'The application’s token.', schema: token },
  chatNumber: { in: 'path', name: 'number', description: 'The chat’s number.', schema: number, example: 1 },
  messageNumber: { in: 'path', name: 'message', description: 'The message’s number.', schema: number, example: 1 },
  userInPath: {
    in: 'path',
    name: 'user_id',
    description: 'The user, by an id of your own.',
    schema: id,
    example: 'anna',
  },
  keyInPath: { in: 'path', name: 'key_id', description: 'The key’s id.', schema: { type: 'string', format: 'uuid' } },
  limit: {
    in: 'query',
    name: 'limit',
    description: `How many items at most: 1 to ${PAGE_LIMIT_MAX}.`,
    schema: { type: 'integer', minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT },
  },
  order: {
    in: 'query',
    name: 'order',
    description:
      'By rising or falling number (of applications: token). `desc` alone begins with the newest chat or message.',
    schema: { type: 'string', enum: ['asc', 'desc'], default: 'asc' },
  },
  chatOrder: {
    in: 'query',
    name: 'order',
    description:
      'By rising or falling number, or by `activity`: the chat with the latest message first. `desc` alone begins with the newest chat.',
    schema: { type: 'string', enum: ['asc', 'desc', 'activity'], default: 'asc' },
  },
  afterNumber: {
    in: 'query',
    name: 'after',
    description: 'Only items above this number; 0 is the beginning. Not together with `before`.',
    schema: { ...number, minimum: 0 },
  },
  beforeNumber: {
    in: 'query',
    name: 'before',
    description: 'The items just below this number. Not together with `after`.',
    schema: number,
  },
  afterToken: {
    in: 'query',
    name: 'after',
    description: 'Only applications above this token. Not together with `before`.',
    schema: token,
  },
  beforeToken: {
    in: 'query',
    name: 'before',
    description: 'The applications just below this token. Not together with `after`.',
    schema: token,
  },
  afterUser: { in: 'query', name: 'after', description: 'Only users above this id.', schema: id },
  userId: {
    in: 'query',
    name: 'user_id',
    description: `Each chat then has \`unread_count\`: how many messages of others this user has not read, ${UNREAD_COUNT_MAX} at most.`,
    schema: id,
  },
  searchQuery: {
    in: 'query',
    name: 'search_query',
    description: `What to look for, at most ${SEARCH_QUERY_CHARACTERS_MAX} characters. "Quotes" keep words together.`,
    required: true,
    schema: searchText,
    example: 'parcel',
  },
  searchQueryInUrl: {
    in: 'query',
    name: 'search_query',
    description: 'What to look for, where the body does not have it.',
    schema: searchText,
  },
  senderId: { in: 'query', name: 'sender_id', description: 'Only messages of this sender.', schema: id },
  /** Not `from`: in many languages that is no name of a type. */
  fromTime: {
    in: 'query',
    name: 'from',
    description: 'Only messages created at this time (RFC 3339) or later.',
    schema: time,
  },
  toTime: { in: 'query', name: 'to', description: 'Only messages created before this time (RFC 3339).', schema: time },
  searchOrder: {
    in: 'query',
    name: 'order',
    description: 'The best match first, or the newest message.',
    schema: { type: 'string', enum: ['best', 'newest'], default: 'best' },
  },
  highlights: {
    in: 'query',
    name: 'highlights',
    description: 'Whether hits have `highlights`: the places in their content that match.',
    schema: { type: 'boolean', default: false },
  },
  cursor: {
    in: 'query',
    name: 'cursor',
    description: 'Where the page begins: from the `Link` header of the page before.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]+$' },
  },
  idempotencyKey: keyed(1),
  applicationIdempotencyKey: keyed(APPLICATION_IDEMPOTENCY_KEY_CHARACTERS_MIN),
  ifMatch: {
    in: 'header',
    name: 'If-Match',
    description:
      'The `ETag` that you have read, or several. If the object has changed since then, the answer is a 412 and nothing changes. Counts in an `ETag` are not compared.',
    schema: { type: 'string' },
  },
  ifNoneMatch: {
    in: 'header',
    name: 'If-None-Match',
    description: 'The `ETag` that you have. If it is still the same, the answer is a 304 without a body.',
    schema: { type: 'string' },
  },
} as const satisfies Readonly<Record<string, Parameter>>;

export type ParameterName = keyof typeof PARAMETERS;

/**
 * The Idempotency-Key header. For creates of applications keys must be longer: they belong to no application, so all
 * clients share one space of keys.
 */
function keyed(charactersMin: number) {
  return {
    in: 'header',
    name: 'Idempotency-Key',
    description: `${charactersMin} to ${IDEMPOTENCY_KEY_CHARACTERS_MAX} ASCII characters, chosen by the client. The same key with the same request gives the same answer for 24 hours and stores once; with another request it is a 422. Keys belong to their application.`,
    schema: { type: 'string', minLength: charactersMin, maxLength: IDEMPOTENCY_KEY_CHARACTERS_MAX },
  } as const;
}

const IN_PATH = {
  ':token': PARAMETERS.applicationToken,
  ':number': PARAMETERS.chatNumber,
  ':message': PARAMETERS.messageNumber,
  ':user_id': PARAMETERS.userInPath,
  ':key_id': PARAMETERS.keyInPath,
} as const;

export function pathParameters(path: string): readonly Parameter[] {
  return path.split('/').flatMap((segment) => (segment in IN_PATH ? [IN_PATH[segment as keyof typeof IN_PATH]] : []));
}
