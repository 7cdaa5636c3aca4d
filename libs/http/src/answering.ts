/**
 * The one function that answers the requests of an operation, from the head of the request to its answer. Elysia routes
 * to it, or Bun's own router does (decision 0022).
 */
import type { Caller } from '@parley/domain';
import type { Access } from './access/access.ts';
import type { ApplicationQuota } from './access/application-quota.ts';
import { ANYONE } from './access/callers.ts';
import { jsonBody } from './body.ts';
import { BASE_PATH } from './contract/paths.ts';
import { errorResponse } from './errors.ts';
import { lists } from './etag.ts';
import type { Observer } from './observability.ts';
import { requestId } from './request-id.ts';
import { Encoded, type Paged, type PathParams, type Route, requestReader, type Tagged } from './routes.ts';
import { bodyCheck } from './validation.ts';

export type Answering = (request: Request, params: PathParams) => Promise<Response>;

/** The headers of every answer. One object for all: the id is set just before a response copies them. */
const headers = new Headers({ 'x-content-type-options': 'nosniff' });
const OPTIONS = {
  200: { status: 200, headers },
  201: { status: 201, headers },
  204: { status: 204, headers },
  304: { status: 304, headers },
} as const;

/** Those of answers that are JSON already, with the type that Response.json sets. */
const encodedHeaders = new Headers([...headers, ['content-type', 'application/json;charset=utf-8']]);

/** Who asks is said once more if the body has taken longer than this. */
const ADMITTED_MS = 1_000;

/**
 * Makes the function that answers the requests of an operation. It never rejects. First it says who asks, then whether
 * the application's limits let the request in: before that, nothing of its body is read. Without `access` everybody may
 * do everything.
 */
export function answering({ operation, handle }: Route, observer: Observer, access?: Access): Answering {
  const { method, body, answer } = operation;
  const route = `${BASE_PATH}${operation.path}`;
  const read = requestReader(operation);
  const readBody = body && jsonBody(body.bytesMax, body.emptyIf);
  const check = body && bodyCheck(body.schema);
  const options = OPTIONS[answer.status];
  const isPaged = 'paged' in answer;
  const isTagged = 'tagged' in answer;
  const isEmpty = answer.status === 204;
  const count = observer.counter(method, route);
  const admit = access?.admission(operation);
  const isCreate = operation.program === 'ingest';
  const endsFloods = operation.endsFloods === true;

  return async (request, params) => {
    const begun = performance.now();
    const id = requestId(request.headers);
    let response: Response;
    let quota: ApplicationQuota | undefined;
    let inFlight: ApplicationQuota | undefined;
    try {
      let caller: Caller | Promise<Caller> = admit === undefined ? ANYONE : admit(request, params);
      // Most callers are known: then there is no promise to wait for.
      if (caller instanceof Promise) caller = await caller;
      quota = access?.quotaOf(params.token);
      // A flood that has reached the limit must not keep those out who end it.
      if (!endsFloods && caller.kind !== 'admin') quota?.takeRequest();
      const content = readBody && check?.(await readBody(request));
      // A body may come slowly: meanwhile the credential may have ended.
      if (admit !== undefined && content !== undefined && performance.now() - begun > ADMITTED_MS) {
        caller = await admit(request, params);
      }
      // Not before the body is there: a few slow clients would take all the places.
      if (isCreate && quota !== undefined) {
        quota.beginCreate();
        inFlight = quota;
      }
      const answered = await handle(read(request, params, content, caller, quota) as never);
      headers.set('x-request-id', id);
      if (isPaged) response = page(answered as Paged<unknown>, options);
      else if (isTagged) response = tagged(answered as Tagged<unknown>, request, options);
      else if (isEmpty) response = new Response(null, options);
      else response = Response.json(answered, options);
    } catch (error) {
      quota?.noteRefusal(error);
      response = errorResponse(error, 'UNKNOWN', request);
      response.headers.set('x-request-id', id);
      observer.failed(error, 'UNKNOWN', { requestId: id, route, status: response.status });
    }
    inFlight?.endCreate();
    quota?.mark(response.headers);
    const { status } = response;
    const seconds = (performance.now() - begun) / 1000;
    if (request.method === method) count(status, seconds);
    else observer.counter(request.method, route)(status, seconds); // a HEAD is answered like a GET
    observer.answered(request, { requestId: id, route, status, seconds });
    return response;
  };
}

function jsonResponse(answered: unknown, options: ResponseInit): Response {
  if (!(answered instanceof Encoded)) return Response.json(answered, options);
  const id = headers.get('x-request-id');
  if (id !== null) encodedHeaders.set('x-request-id', id);
  return new Response(answered.json(), { ...options, headers: encodedHeaders });
}

function page({ items, link }: Paged<unknown>, options: ResponseInit): Response {
  const response = jsonResponse(items, options);
  if (link !== undefined) response.headers.set('link', link);
  return response;
}

function tagged({ item, etag }: Tagged<unknown>, request: Request, options: ResponseInit): Response {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const isUnchanged = isRead && lists(request.headers.get('if-none-match'), etag);
  const response = isUnchanged ? new Response(null, OPTIONS[304]) : jsonResponse(item, options);
  response.headers.set('etag', etag);
  return response;
}
