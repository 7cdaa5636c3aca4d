import {
  IDEMPOTENCY_KEY_CHARACTERS_MAX,
  NUMBER_PATTERN,
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  SEARCH_QUERY_CHARACTERS_MAX,
  TOKEN_PATTERN,
} from '@parley/domain';
import { ProblemView } from './schemas.ts';

/** One operation as the docs page needs it, and how it becomes an OpenAPI 3.1 operation object. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** It takes an Idempotency-Key. */
  readonly idempotent?: boolean;
  /** It is a list whose pages start after or end before such a key. */
  readonly paging?: 'number' | 'token';
  /** It searches: it takes `limit`, `cursor` and the query in the URL. */
  readonly searching?: boolean;
  readonly body?: object;
  readonly responses: readonly Reply[];
}

export interface Reply {
  readonly status: number;
  readonly description: string;
  readonly mediaType: string;
  readonly schema: object;
  readonly example: unknown;
}

export function body(schema: object, example: unknown, required = true): object {
  return { required, content: { 'application/json': { schema, example } } };
}

export function reply(status: number, description: string, schema: object, example: unknown): Reply {
  return { status, description, mediaType: 'application/json', schema, example };
}

const PROBLEMS: Readonly<Record<number, readonly [title: string, meaning: string, detail: string, errors?: object[]]>> =
  {
    400: ['Bad Request', 'The body is not JSON in UTF-8', 'The request body is not JSON in UTF-8.'],
    404: ['Not Found', 'What the path names does not exist', 'There is no such chat.'],
    413: ['Content Too Large', 'The body is too long', 'The request body is longer than 131072 bytes.'],
    415: [
      'Unsupported Media Type',
      'The body is not declared as JSON in UTF-8, or has a Content-Encoding',
      'Send the body as JSON in UTF-8, with Content-Type: application/json.',
    ],
    422: [
      'Unprocessable Content',
      'A value is not valid; `errors` names each',
      'The request is not valid.',
      [{ path: '/message_content', message: 'is required' }],
    ],
    503: [
      'Service Unavailable',
      'Something that is needed is away or full: repeat after `Retry-After` seconds, a create with its Idempotency-Key',
      'The event log did not confirm in time.',
    ],
  };

export function problem(status: number): Reply {
  const known = PROBLEMS[status];
  if (known === undefined) throw new Error(`no problem is described for ${status}`);
  const [title, description, detail, errors] = known;
  const example = { type: 'about:blank', title, status, detail, ...(errors && { errors }) };
  return { status, description, mediaType: 'application/problem+json', schema: ProblemView, example };
}

/** The OpenAPI operation object. */
export function describeOperation(operation: Operation): Record<string, unknown> {
  const { method, path, tag, summary, description, body } = operation;
  return {
    operationId: operationId(method, path),
    tags: [tag],
    summary,
    ...(description && { description }),
    parameters: parametersOf(operation),
    ...(body && { requestBody: body }),
    responses: Object.fromEntries(operation.responses.map((item) => [item.status, responseOf(operation, item)])),
  };
}

function operationId(method: string, path: string): string {
  const words = path.split('/').filter((part) => part !== '');
  return [method.toLowerCase(), ...words.map((word) => word.replace(':', 'by-'))].join('-');
}

const stringIn = (place: string, name: string, description: string, schema: object, extra: object = {}) => ({
  in: place,
  name,
  description,
  required: place === 'path',
  schema: { type: 'string', ...schema },
  ...extra,
});

function parametersOf({ path, idempotent, paging, searching }: Operation): object[] {
  const parameters: object[] = [];
  if (path.includes(':token'))
    parameters.push(stringIn('path', 'token', 'The application’s token', { pattern: TOKEN_PATTERN }));
  if (path.includes(':number'))
    parameters.push(stringIn('path', 'number', 'The chat’s number', { pattern: NUMBER_PATTERN }));
  if (path.includes(':message'))
    parameters.push(stringIn('path', 'message', 'The message’s number', { pattern: NUMBER_PATTERN }));
  if (idempotent === true) parameters.push(idempotencyKey(path.endsWith('/applications')));
  if (paging !== undefined) {
    const isByToken = paging === 'token';
    const above = isByToken ? 'The items above this token' : 'The items above this number; 0 is the beginning';
    const below = `The items below this ${paging}, those next to it; not together with after`;
    parameters.push(limit, order);
    parameters.push(stringIn('query', 'after', above, { pattern: isByToken ? TOKEN_PATTERN : AFTER_PATTERN }));
    parameters.push(stringIn('query', 'before', below, { pattern: isByToken ? TOKEN_PATTERN : NUMBER_PATTERN }));
  }
  if (searching !== undefined) {
    const sizes = { minLength: 1, maxLength: SEARCH_QUERY_CHARACTERS_MAX };
    parameters.push(stringIn('query', 'search_query', 'What to look for; "quotes" keep words together', sizes));
    parameters.push(limit, stringIn('query', 'cursor', 'From the Link header of the page before', {}));
  }
  return parameters;
}

const AFTER_PATTERN = `^0$|${NUMBER_PATTERN}`;

const order = {
  in: 'query',
  name: 'order',
  description: 'In which order of their keys items are answered; desc alone begins with the newest chat or message',
  required: false,
  schema: { type: 'string', enum: ['asc', 'desc'], default: 'asc' },
};

const limit = {
  in: 'query',
  name: 'limit',
  description: 'How many at most',
  required: false,
  schema: { type: 'integer', minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT },
};

function idempotencyKey(ofApplication: boolean): object {
  const description =
    'A unique text chosen by the client. The same key with the same body gives the same answer for 24 hours and stores once; with another body it is a 422.';
  const schema = { minLength: ofApplication ? 32 : 1, maxLength: IDEMPOTENCY_KEY_CHARACTERS_MAX };
  return stringIn('header', 'Idempotency-Key', description, schema);
}

function responseOf({ paging, searching }: Operation, item: Reply): object {
  const { status, description, mediaType, schema, example } = item;
  const headers: Record<string, object> = {
    'X-Request-Id': { description: 'The id under which the request is logged', schema: { type: 'string' } },
  };
  if (status === 503) headers['Retry-After'] = { description: 'Seconds to wait', schema: { type: 'integer' } };
  if (status === 200 && (paging ?? searching) !== undefined) {
    headers.Link = { description: 'The pages beside this one: rel="next", rel="prev"', schema: { type: 'string' } };
  }
  return { description, headers, content: { [mediaType]: { schema, example } } };
}
