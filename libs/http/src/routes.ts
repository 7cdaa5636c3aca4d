import { type Caller, IDEMPOTENCY_KEY_CHARACTERS_MAX, type Token } from '@parley/domain';
import type { Static, TSchema } from 'typebox';
import type { Quota } from './access/quota.ts';
import type { Operation, Program } from './contract/operation.ts';
import { OPERATION_IDS, OPERATIONS, type OperationId, type OperationOf } from './contract/operations.ts';
import { PARAMETERS } from './contract/parameters.ts';
import { versionsOf } from './etag.ts';
import { pathOf } from './normal-path.ts';
import { chatParam, keyParam, messageParam, tokenParam, userParam } from './params.ts';
import { RequestProblem } from './problem.ts';
import { queryOf } from './query.ts';

/** What a handler gets of a request: only what the table of operations lists. */
export type Asked<Id extends OperationId> = AddressOf<(typeof OPERATIONS)[Id]['path']> &
  BodyOf<(typeof OPERATIONS)[Id]> &
  KeyOf<(typeof OPERATIONS)[Id]> &
  VersionsOf<(typeof OPERATIONS)[Id]> & {
    /** Who asks. It may call the operation; what it may change or see in there is the handler's business. */
    readonly caller: Caller;
    /** Of an application with limits: what the answer's headers tell of them. */
    readonly quota: Quota | undefined;
    /** The path as the client sent it, without the query; only for lists. */
    readonly path: string;
    /** The parameters that the table of operations names. Their values are texts that are not checked yet. */
    readonly query: QueryOf<(typeof OPERATIONS)[Id]>;
  };

type QueryOf<Of extends Operation> = {
  readonly [Name in (typeof PARAMETERS)[Of['query'][number]]['name']]?: string | undefined;
};

type AddressOf<Path extends string> = (Path extends `${string}:token${string}` ? { readonly token: Token } : unknown) &
  (Path extends `${string}:number${string}` ? { readonly chat: number } : unknown) &
  (Path extends `${string}:message` ? { readonly message: number } : unknown) &
  (Path extends `${string}:user_id` ? { readonly user: string } : unknown) &
  (Path extends `${string}:key_id` ? { readonly key: string } : unknown);

type BodyOf<Of> = Of extends { body: { schema: infer Schema extends TSchema } }
  ? { readonly body: Static<Schema> }
  : unknown;

type KeyOf<Of> = Of extends { idempotencyKey: string } ? { readonly idempotencyKey: string | undefined } : unknown;

/** `versions`: those that If-Match lists; undefined if any version will do. */
type VersionsOf<Of> = Of extends { ifMatch: true } ? { readonly versions: readonly number[] | undefined } : unknown;

type AnswerOf<Answer> = Answer extends { schema: infer Schema extends TSchema } ? Static<Schema> : undefined;

/** One page of a list and its `Link` header; undefined if the page is the whole list. */
export interface Paged<Items> {
  readonly items: Items | Encoded;
  readonly link: string | undefined;
}

/** One object and its ETag. */
export interface Tagged<Item> {
  readonly item: Item | Encoded;
  readonly etag: string;
}

/** An answer that makes its JSON itself; not if the client has it already. */
export class Encoded {
  constructor(readonly json: () => string | Uint8Array<ArrayBuffer>) {}
}

type Handler<Id extends OperationId> = (asked: Asked<Id>) => MaybePromise<Handled<(typeof OPERATIONS)[Id]['answer']>>;

type Handled<Answer> = Answer extends { paged: true }
  ? Paged<AnswerOf<Answer>>
  : Answer extends { tagged: true }
    ? Tagged<AnswerOf<Answer>>
    : AnswerOf<Answer>;

type MaybePromise<Value> = Value | Promise<Value>;

export type Handlers<Id extends OperationId> = { readonly [Each in Id]: Handler<Each> };

/** The parameters of a path, as sent. */
export interface PathParams {
  readonly token?: string;
  readonly number?: string;
  readonly message?: string;
  readonly user_id?: string;
  readonly key_id?: string;
}

/** An operation and what does it. */
export interface Route {
  readonly operation: Operation;
  readonly handle: (asked: never) => MaybePromise<unknown>;
}

/** The routes of a program: the table of operations with its handlers. */
export function routesOf<Of extends Program>(program: Of, handlers: Handlers<OperationOf<Of>>): readonly Route[] {
  return OPERATION_IDS.flatMap((id) => {
    const operation: Operation = OPERATIONS[id];
    return operation.program === program ? [{ operation, handle: handlers[id as OperationOf<Of>] }] : [];
  });
}

/**
 * Makes a function that reads a request, except its body, for its handler. It throws a 422 for a wrong query or key,
 * NotFound for a wrong path.
 */
export function requestReader({ path, query, idempotencyKey, ifMatch, answer }: Operation) {
  const names = query.map((name) => PARAMETERS[name].name);
  const hasChat = path.includes(':number');
  const hasMessage = path.includes(':message');
  const hasUser = path.includes(':user_id');
  const hasToken = path.includes(':token');
  const hasKey = path.includes(':key_id');
  const keySchema = idempotencyKey === undefined ? undefined : PARAMETERS[idempotencyKey].schema;
  const keyCharactersMin = keySchema !== undefined && 'minLength' in keySchema ? keySchema.minLength : undefined;
  const isPaged = 'paged' in answer;
  const isConditional = ifMatch === true;
  return (request: Request, params: PathParams, body: unknown, caller: Caller, quota: Quota | undefined) => ({
    caller,
    quota,
    query: queryOf(request, names),
    token: hasToken ? tokenParam(params.token ?? '') : undefined,
    chat: hasChat ? chatParam(params.number ?? '') : undefined,
    message: hasMessage ? messageParam(params.message ?? '') : undefined,
    user: hasUser ? userParam(params.user_id ?? '') : undefined,
    key: hasKey ? keyParam(params.key_id ?? '') : undefined,
    versions: isConditional ? versionsOf(request.headers.get('if-match')) : undefined,
    idempotencyKey: keyCharactersMin === undefined ? undefined : keyOf(request, keyCharactersMin),
    body,
    path: isPaged ? pathOf(request.url) : '',
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
