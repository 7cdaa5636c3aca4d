import { IDEMPOTENCY_KEY_CHARACTERS_MAX, type Token } from '@parley/domain';
import { type AnyElysia, Elysia, NotFoundError } from 'elysia';
import type { Static, TSchema } from 'typebox';
import { jsonBody } from './body.ts';
import {
  OPERATION_IDS,
  OPERATIONS,
  type Operation,
  type OperationId,
  type OperationOf,
  type Program,
} from './contract/operations.ts';
import { PARAMETERS } from './contract/parameters.ts';
import { BASE_PATH } from './contract/paths.ts';
import { SHADOWED } from './contract/routing.ts';
import { chatParam, messageParam, tokenParam } from './params.ts';
import { RequestProblem } from './problem.ts';
import { queryOf } from './query.ts';
import { bodySchema } from './validation.ts';

/** What a handler gets of a request: only what the table of operations lists. */
export type Asked<Id extends OperationId> = AddressOf<(typeof OPERATIONS)[Id]['path']> &
  BodyOf<(typeof OPERATIONS)[Id]> &
  KeyOf<(typeof OPERATIONS)[Id]> & {
    /** The path as the client sent it, without the query. */
    readonly path: string;
    /** The parameters that the table of operations names. Their values are texts that are not checked yet. */
    readonly query: QueryOf<(typeof OPERATIONS)[Id]>;
  };

type QueryOf<Of extends Operation> = {
  readonly [Name in (typeof PARAMETERS)[Of['query'][number]]['name']]?: string | undefined;
};

type AddressOf<Path extends string> = (Path extends `${string}:token${string}` ? { readonly token: Token } : unknown) &
  (Path extends `${string}:number${string}` ? { readonly chat: number } : unknown) &
  (Path extends `${string}:message` ? { readonly message: number } : unknown);

type BodyOf<Of> = Of extends { body: { schema: infer Schema extends TSchema } }
  ? { readonly body: Static<Schema> }
  : unknown;

type KeyOf<Of> = Of extends { idempotencyKey: string } ? { readonly idempotencyKey: string | undefined } : unknown;

type AnswerOf<Of extends Operation> = Static<Of['answer']['schema']>;

/** One page of a list and its `Link` header; undefined if the page is the whole list. */
export interface Paged<Items> {
  readonly items: Items;
  readonly link: string | undefined;
}

type Handler<Id extends OperationId> = (
  asked: Asked<Id>,
) => MaybePromise<
  (typeof OPERATIONS)[Id]['answer'] extends { paged: true }
    ? Paged<AnswerOf<(typeof OPERATIONS)[Id]>>
    : AnswerOf<(typeof OPERATIONS)[Id]>
>;

type MaybePromise<Value> = Value | Promise<Value>;

export type Handlers<Id extends OperationId> = { readonly [Each in Id]: Handler<Each> };

interface Context {
  readonly params: { readonly token?: string; readonly number?: string; readonly message?: string };
  readonly request: Request;
  readonly path: string;
  readonly set: { status?: number | string; readonly headers: Record<string, string | number> };
  readonly body?: unknown;
}

/** Elysia plugin: the routes of a program, made from the table of operations and its handlers. */
export function routesOf<Of extends Program>(program: Of, handlers: Handlers<OperationOf<Of>>): AnyElysia {
  const app = new Elysia({ name: `parley-${program}`, prefix: BASE_PATH });
  const route = app.route.bind(app) as AddRoute;
  for (const id of OPERATION_IDS) {
    const operation: Operation = OPERATIONS[id];
    if (operation.program !== program) continue;
    addRoute(route, operation, handlers[id as OperationOf<Of>]);
  }
  for (const { operation, path } of SHADOWED) {
    if (operation.program === program) route(operation.method, path, refuse, {});
  }
  return app;
}

/** The handler for a method that a path does not have. The error hook answers with a 405. */
async function refuse(): Promise<never> {
  throw new NotFoundError();
}

/** Elysia’s `route` for a table of routes: its own types are for single routes that are written out. */
type AddRoute = (method: string, path: string, handle: (context: Context) => unknown, hook: object) => unknown;
type AnyHandler = (asked: never) => MaybePromise<unknown>;

function addRoute(route: AddRoute, operation: Operation, handler: AnyHandler): void {
  const { method, path, body, answer } = operation;
  const read = requestReader(operation);
  const { status } = answer;
  const isPaged = answer.paged === true;
  // `{ … }` here, because Elysia reads in the code which parts of the context are used. Async, because Elysia then
  // catches what it throws.
  const handle = async ({ body, params, request, path, set }: Context) => {
    if (status !== 200) set.status = status;
    const answered = await handler(read(body, params, request, path) as never);
    if (!isPaged) return answered;
    const { items, link } = answered as Paged<unknown>;
    if (link !== undefined) set.headers.link = link;
    return items;
  };
  const hook = body && { parse: jsonBody(body.bytesMax, body.emptyIf), body: bodySchema(body.schema) };
  route(method, path, handle, hook ?? {});
}

/**
 * Makes a function that reads a request for its handler. It throws a 422 for a wrong query or key, NotFound for a wrong
 * path.
 */
function requestReader({ path, query, idempotencyKey }: Operation) {
  const names = query.map((name) => PARAMETERS[name].name);
  const hasChat = path.includes(':number');
  const hasMessage = path.includes(':message');
  const hasToken = path.includes(':token');
  const keySchema = idempotencyKey === undefined ? undefined : PARAMETERS[idempotencyKey].schema;
  const keyCharactersMin = keySchema !== undefined && 'minLength' in keySchema ? keySchema.minLength : undefined;
  return (body: unknown, params: Context['params'], request: Request, path: string) => ({
    query: queryOf(request, names),
    token: hasToken ? tokenParam(params.token ?? '') : undefined,
    chat: hasChat ? chatParam(params.number ?? '') : undefined,
    message: hasMessage ? messageParam(params.message ?? '') : undefined,
    idempotencyKey: keyCharactersMin === undefined ? undefined : keyOf(request, keyCharactersMin),
    body,
    path,
  });
}

/** The request's Idempotency-Key; undefined if it has none. Throws a 422 if its length is wrong. */
function keyOf(request: Request, charactersMin: number): string | undefined {
  const key = request.headers.get('idempotency-key');
  if (key === null) return undefined;
  if (key.length >= charactersMin && key.length <= IDEMPOTENCY_KEY_CHARACTERS_MAX) return key;
  const message = `must have ${charactersMin} to ${IDEMPOTENCY_KEY_CHARACTERS_MAX} characters`;
  throw new RequestProblem(422, `The Idempotency-Key ${message} here.`, [{ path: 'Idempotency-Key', message }]);
}
