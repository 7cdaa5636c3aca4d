import {
  APPLICATION_IDEMPOTENCY_KEY_CHARACTERS_MIN,
  IDEMPOTENCY_KEY_CHARACTERS_MAX,
  NUMBER_MAX,
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  SEARCH_QUERY_CHARACTERS_MAX,
  TOKEN_PATTERN,
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
const searchText = { type: 'string', minLength: 1, maxLength: SEARCH_QUERY_CHARACTERS_MAX };

/** The parameters of all operations. The keys are their names among the components of the OpenAPI document. */
export const PARAMETERS = {
  applicationToken: { in: 'path', name: 'token', description: 'The application’s token.', schema: token },
  chatNumber: { in: 'path', name: 'number', description: 'The chat’s number.', schema: number, example: 1 },
  messageNumber: { in: 'path', name: 'message', description: 'The message’s number.', schema: number, example: 1 },
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
  cursor: {
    in: 'query',
    name: 'cursor',
    description: 'Where the page begins: from the `Link` header of the page before.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]+$' },
  },
  idempotencyKey: keyed(1),
  applicationIdempotencyKey: keyed(APPLICATION_IDEMPOTENCY_KEY_CHARACTERS_MIN),
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
} as const;

export function pathParameters(path: string): readonly Parameter[] {
  return path.split('/').flatMap((segment) => (segment in IN_PATH ? [IN_PATH[segment as keyof typeof IN_PATH]] : []));
}
