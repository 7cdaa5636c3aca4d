import { ID_PATTERN, TEXT_PATTERN } from '@parley/domain';
import type { TSchema } from 'typebox';
import { VERSION } from '../version.ts';
import { ABOUT, ORIGIN } from './about.ts';
import { type Operation, TAGS } from './operation.ts';
import { OPERATION_IDS, OPERATIONS, type OperationId } from './operations.ts';
import { PARAMETERS, type Parameter, type ParameterName, pathParameters } from './parameters.ts';
import { BASE_PATH, PATH_PARAMETER } from './paths.ts';
import { type OperationProblem, PROBLEM_DETAILS, PROBLEMS } from './problems.ts';
import * as schemas from './schemas.ts';
import { needOf, SECURITY_SCHEMES, securityOf } from './security.ts';

/**
 * In the OpenAPI document this text replaces the pattern that the server checks. In many languages a regular expression
 * cannot name a lone surrogate, and generated clients that compile it without the Unicode flag would refuse every
 * emoji.
 */
const ANY_TEXT = 'Any Unicode text, without NUL and lone surrogates.';
/** Replaces the pattern of ids, whose lookahead against `.` and `..` many languages lack. The server refuses those two. */
const PORTABLE_ID_PATTERN = '^[A-Za-z0-9_.:@+=-]{1,128}$';

const LIMIT_HEADERS = {
  'RateLimit-Policy': ref('headers', 'RateLimitPolicy'),
  RateLimit: ref('headers', 'RateLimit'),
};

/**
 * The OpenAPI 3.1 document, made from the table of operations. A schema or parameter with a name is described once,
 * among the components, so a generator makes one type of it.
 */
export const DOCUMENT = {
  openapi: '3.1.2',
  info: { title: 'Parley', version: VERSION, description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
  servers: [{ url: ORIGIN, description: 'The server that this document is from.' }],
  security: [],
  tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  paths: paths(),
  components: {
    schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, plain(schema)])),
    parameters: Object.fromEntries(
      Object.entries(PARAMETERS).map(([name, parameter]) => [componentName(name), described(parameter)]),
    ),
    headers: {
      RequestId: { description: 'The id under which the request is logged.', schema: { type: 'string' } },
      Link: {
        description: 'The pages beside this one, as paths of this server: `rel="next"`, of lists also `rel="prev"`.',
        schema: { type: 'string' },
      },
      ETag: {
        description: 'The version of the object, and of its counts.',
        schema: { type: 'string' },
      },
      Allow: { description: 'With 405: the methods that the path takes.', schema: { type: 'string' } },
      WwwAuthenticate: {
        description: 'With 401: `Bearer`, and `error="invalid_token"` if a credential was sent that is not valid.',
        schema: { type: 'string' },
      },
      RateLimitPolicy: {
        description:
          'Of applications with limits: how much (`q`) in how many seconds (`w`), for `messages` and `requests`.',
        schema: { type: 'string' },
      },
      RateLimit: {
        description: 'How much of it remains (`r`), and in how many seconds (`t`) all of it is free again.',
        schema: { type: 'string' },
      },
      RetryAfter: { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0 } },
    },
    securitySchemes: SECURITY_SCHEMES,
    responses: {
      Unchanged: {
        description: 'The object is as the `If-None-Match` says.',
        headers: { 'X-Request-Id': ref('headers', 'RequestId'), ETag: ref('headers', 'ETag') },
      },
      ...Object.fromEntries(problemStatuses().map((status) => [problemName(status), problemResponse(status)])),
      OtherProblem: {
        description: 'Any other error: see “Errors” above.',
        headers: {
          'X-Request-Id': ref('headers', 'RequestId'),
          'Retry-After': ref('headers', 'RetryAfter'),
          Allow: ref('headers', 'Allow'),
        },
        content: {
          'application/problem+json': {
            schema: ref('schemas', 'Problem'),
            example: { type: 'about:blank', title: PROBLEMS[500].title, status: 500, detail: 'It is in our logs.' },
          },
        },
      },
    },
  },
};

function paths(): Record<string, Record<string, object>> {
  const described: Record<string, Record<string, object>> = {};
  for (const id of OPERATION_IDS) {
    const operation: Operation = OPERATIONS[id];
    const path = `${BASE_PATH}${operation.path.replaceAll(PATH_PARAMETER, '{$1}')}`;
    described[path] = { ...described[path], [operation.method.toLowerCase()]: operationObject(id, operation) };
  }
  return described;
}

function operationObject(id: OperationId, operation: Operation): object {
  const { tag, summary, description, body, answer } = operation;
  const texts = [...(description === undefined ? [] : [description]), needOf(operation)];
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: texts.join('\n\n'),
    security: securityOf(operation),
    parameters: parametersOf(operation).map(parameterReference),
    ...(body && {
      requestBody: { required: body.emptyIf === undefined, content: json(body.schema, body.example) },
    }),
    responses: {
      [answer.status]: answerObject(answer, hasLimits(operation)),
      ...(isTagged(answer) && operation.method === 'GET' && { 304: ref('responses', 'Unchanged') }),
      ...Object.fromEntries(problemsOf(operation).map((status) => [status, ref('responses', problemName(status))])),
      default: ref('responses', 'OtherProblem'),
    },
  };
}

/** Whether an application's limits count for the operation. */
function hasLimits({ path }: Operation): boolean {
  return path.includes(':token');
}

function answerObject(answer: Operation['answer'], isLimited: boolean): object {
  const headers = {
    'X-Request-Id': ref('headers', 'RequestId'),
    ...(isLimited && LIMIT_HEADERS),
    ...('paged' in answer && { Link: ref('headers', 'Link') }),
    ...(isTagged(answer) && { ETag: ref('headers', 'ETag') }),
  };
  const content = 'schema' in answer && { content: json(answer.schema, answer.example) };
  return { description: answer.description, headers, ...content };
}

function isTagged(answer: Operation['answer']): boolean {
  return 'tagged' in answer;
}

function parametersOf({ path, method, query, idempotencyKey, ifMatch, answer }: Operation): readonly Parameter[] {
  const names: ParameterName[] = [...query];
  if (idempotencyKey !== undefined) names.push(idempotencyKey);
  if (ifMatch) names.push('ifMatch');
  if (isTagged(answer) && method === 'GET') names.push('ifNoneMatch');
  return [...pathParameters(path), ...names.map((name) => PARAMETERS[name])];
}

/**
 * The error statuses of an operation in the document: they depend on whether it has a body and path parameters, and on
 * whether it is about an object that may have been deleted.
 */
function problemsOf(operation: Operation): readonly OperationProblem[] {
  const { path, body, ifMatch, answer } = operation;
  const ofBody: readonly OperationProblem[] = body === undefined ? [] : [400, 413, 415];
  const ofPath: readonly OperationProblem[] = pathParameters(path).length === 0 ? [] : [404];
  const ofObject: readonly OperationProblem[] = isTagged(answer) ? [410] : [];
  const ofVersion: readonly OperationProblem[] = ifMatch ? [412] : [];
  const ofLimits: readonly OperationProblem[] = hasLimits(operation) && !operation.endsFloods ? [429] : [];
  const ofAll = [401, 403, 422, 503];
  return [...ofBody, ...ofPath, ...ofObject, ...ofVersion, ...ofLimits, ...ofAll].sort() as OperationProblem[];
}

function problemStatuses(): readonly OperationProblem[] {
  return Object.keys(PROBLEM_DETAILS).map(Number) as OperationProblem[];
}

function problemName(status: OperationProblem): string {
  return PROBLEMS[status].title.replaceAll(' ', '');
}

function problemResponse(status: OperationProblem): object {
  const { title, when } = PROBLEMS[status];
  const example = { type: 'about:blank', title, status, ...PROBLEM_DETAILS[status] };
  return {
    description: when,
    headers: {
      'X-Request-Id': ref('headers', 'RequestId'),
      ...((status === 429 || status === 503) && { 'Retry-After': ref('headers', 'RetryAfter') }),
      ...(status === 401 && { 'WWW-Authenticate': ref('headers', 'WwwAuthenticate') }),
      ...(status === 429 && LIMIT_HEADERS),
    },
    content: { 'application/problem+json': { schema: ref('schemas', 'Problem'), example } },
  };
}

function json(schema: TSchema, example: unknown): object {
  return { 'application/json': { schema: named(schema), example } };
}

function parameterReference(parameter: Parameter): object {
  const [name = ''] = Object.entries(PARAMETERS).find(([, each]) => each === parameter) ?? [];
  return ref('parameters', componentName(name));
}

function described({ in: place, name, description, required, schema, example }: Parameter): object {
  const always = {
    ...{ in: place, name, description },
    ...{ required: required === true || place === 'path', schema: plain(schema) },
  };
  return example === undefined ? always : { ...always, example };
}

function componentName(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function ref(kind: 'schemas' | 'parameters' | 'headers' | 'responses', name: string): object {
  return { $ref: `#/components/${kind}/${name}` };
}

/**
 * A schema as the document shows it: a reference if it is one of the named schemas, else a copy that refers to them.
 */
function named(schema: unknown): unknown {
  const [name] = Object.entries(schemas).find(([, each]) => each === schema) ?? [];
  return name === undefined ? plain(schema) : ref('schemas', name);
}

function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(named);
  if (typeof schema !== 'object' || schema === null) return schema;
  const parts = Object.entries(schema).map(([key, value]) => [key, named(value)]);
  return Object.fromEntries(
    parts.map(([key, value]) => {
      if (value === TEXT_PATTERN) return ['description', ANY_TEXT];
      return [key, value === ID_PATTERN ? PORTABLE_ID_PATTERN : value];
    }),
  );
}
