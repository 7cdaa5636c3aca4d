import { BATCH_BODY_BYTES_MAX, BODY_BYTES_MAX } from '@parley/domain';

/** Each error status: its title, and when a client gets it. The OpenAPI document and all error answers use it. */
export const PROBLEMS = {
  400: { title: 'Bad Request', when: 'The body is not JSON in UTF-8, or the request cannot be understood.' },
  401: {
    title: 'Unauthorized',
    when: 'Keys are needed here: the request has none, or one that is unknown, has ended or was revoked.',
  },
  403: { title: 'Forbidden', when: 'The key or user token may not do this.' },
  404: { title: 'Not Found', when: 'What the path names does not exist, or not for this key or user token.' },
  405: { title: 'Method Not Allowed', when: 'The path does not take this method; `Allow` lists those that it takes.' },
  408: { title: 'Request Timeout', when: 'The request did not arrive in time.' },
  410: { title: 'Gone', when: 'What the path names was deleted, or removed because it was too old.' },
  412: {
    title: 'Precondition Failed',
    when: 'The object has changed since the version that `If-Match` names. Nothing was changed.',
  },
  413: {
    title: 'Content Too Large',
    when: `The body is longer than ${BODY_BYTES_MAX / 1024} KiB, of a batch than ${BATCH_BODY_BYTES_MAX / 1024 ** 2} MiB.`,
  },
  414: { title: 'URI Too Long', when: 'The address is too long.' },
  415: { title: 'Unsupported Media Type', when: 'The body is not declared as JSON in UTF-8, or is compressed.' },
  417: { title: 'Expectation Failed', when: 'The request has an `Expect` other than `100-continue`.' },
  421: { title: 'Misdirected Request', when: 'The `Host` is not a name of this server.' },
  422: {
    title: 'Unprocessable Content',
    when: 'A value is not valid (`errors` tells which), or the Idempotency-Key was used with another request.',
  },
  429: {
    title: 'Too Many Requests',
    when: 'A limit of the application or of the operator is reached; repeat after `Retry-After` seconds.',
  },
  431: { title: 'Request Header Fields Too Large', when: 'The header is too long.' },
  500: { title: 'Internal Server Error', when: 'A fault of ours. It is in our logs, under the `X-Request-Id`.' },
  501: { title: 'Not Implemented', when: 'There is no such method or transfer coding.' },
  503: {
    title: 'Service Unavailable',
    when: 'Something that is needed is away or full. Repeat after `Retry-After` seconds, a create with its `Idempotency-Key`.',
  },
  505: { title: 'HTTP Version Not Supported', when: 'The server speaks HTTP/1.1.' },
} as const satisfies Readonly<Record<number, { readonly title: string; readonly when: string }>>;

export type ProblemStatus = keyof typeof PROBLEMS;

/** An example of the error, for each status that the OpenAPI document lists with operations. */
export const PROBLEM_DETAILS = {
  400: { detail: 'The request body is not JSON in UTF-8.' },
  401: { detail: 'Send a key or user token, as Authorization: Bearer.' },
  403: { detail: 'This needs a credential with the scope messages:write.' },
  404: { detail: 'There is no such chat.' },
  410: { detail: 'This chat was deleted.' },
  412: { detail: 'It was changed meanwhile: read it again.' },
  413: { detail: `The request body is longer than ${BODY_BYTES_MAX} bytes.` },
  415: { detail: 'Send the body as JSON in UTF-8, with Content-Type: application/json.' },
  422: { detail: 'The request body is not valid.', errors: [{ path: '/message_content', message: 'is required' }] },
  429: { detail: 'A limit of the application is reached: wait as long as Retry-After says.' },
  503: { detail: 'The event log did not confirm in time.' },
} as const satisfies Partial<Readonly<Record<ProblemStatus, object>>>;

export type OperationProblem = keyof typeof PROBLEM_DETAILS;
