import { BODY_BYTES_MAX, type Scope } from '@parley/domain';
import { type Static, type TSchema, Type } from 'typebox';
import type { ParameterName } from './parameters.ts';
import type { Path } from './paths.ts';

/** An operation of the API, as it stands in the table of operations. */
export interface Operation {
  readonly program: Program;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: Path;
  readonly tag: keyof typeof TAGS;
  /** What a credential must have once keys are on. */
  readonly needs: Need;
  /** The application's limit of requests does not count it, because it is what ends a flood. */
  readonly endsFloods?: true;
  /** User tokens may call it too, in their chats, if they have the scope. */
  readonly users?: true;
  readonly summary: string;
  readonly description?: string;
  /** The query parameters that the operation accepts. A request with any other gets a 422. */
  readonly query: readonly ParameterName[];
  /** The Idempotency-Key header that the operation accepts; only creates have one. */
  readonly idempotencyKey?: ParameterName;
  /** The operation changes one object, and only a version that If-Match lists, if the request has that header. */
  readonly ifMatch?: true;
  readonly body?: Body;
  /** nginx and the standalone pass a GET with a body on as a POST to the same path. */
  readonly withBodyAsPost?: true;
  readonly answer: Answer | EmptyAnswer;
}

/** A scope of a secret key; `session`: any secret key; `admin`: only an admin key. An admin key may call everything. */
export type Need = Scope | 'session' | 'admin';

export type Program = 'ingest' | 'api';

export interface Body {
  readonly schema: TSchema;
  readonly example: unknown;
  readonly bytesMax: number;
  /** Set if the body is optional: these bodies count as an object without fields. */
  readonly emptyIf?: 'absent' | 'absent or null';
}

export interface Answer {
  readonly status: 200 | 201;
  readonly description: string;
  readonly schema: TSchema;
  readonly example: unknown;
  /** The answer is one page of a list; its `Link` header leads to the next and previous pages. */
  readonly paged?: true;
  /** The answer is one object with an `ETag`. A GET answers 304 if If-None-Match lists it. */
  readonly tagged?: true;
}

/** An answer without a body. */
export interface EmptyAnswer {
  readonly status: 204;
  readonly description: string;
}

export const TAGS = {
  Applications:
    'An application has a token and chats. Create one for each of your products, customers or environments.',
  Chats: 'Numbered 1, 2, 3… within their application.',
  Messages: 'Numbered 1, 2, 3… within their chat.',
  Reads: 'How far users have read a chat.',
  Search: 'Over the messages of a chat, or of all chats of an application.',
  Access: 'Secret keys for your servers, and user tokens for browsers and apps.',
  Administration: 'For the operator of the installation, with an admin key.',
} as const;

/** Values of the examples, and the pages that several operations have. */
export const EXAMPLE_TOKEN = '6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a';
export const EXAMPLE_TIMES = { created_at: '2026-03-01T09:30:00.123Z', updated_at: '2026-03-01T09:30:00.123Z' };
export const NO_QUERY = [] as const;

export const DELETED = { status: 204, description: 'It is deleted, or was before.' } as const;

export function body<Schema extends TSchema>(schema: Schema, example: Static<Schema>) {
  return { schema, example, bytesMax: BODY_BYTES_MAX } as const;
}

export function answer<Status extends 200 | 201, Schema extends TSchema>(
  status: Status,
  description: string,
  schema: Schema,
  example: Static<Schema>,
) {
  return { status, description, schema, example } as const;
}

/** The answer with one object as it is now, and its ETag. */
export function tagged<Schema extends TSchema>(description: string, schema: Schema, example: Static<Schema>) {
  return { ...answer(200, description, schema, example), tagged: true } as const;
}

export function page<Schema extends TSchema>(description: string, item: Schema, example: Static<Schema>) {
  const schema = Type.Array(item);
  return { status: 200, description, schema, example: [example], paged: true } as const;
}
