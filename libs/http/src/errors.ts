import {
  BeyondLastMessage,
  DomainError,
  EventRejected,
  Forbidden,
  Gone,
  IdempotencyConflict,
  LimitReached,
  NotFound,
  NotYours,
  SenderFixed,
  TooManyKeys,
  Unauthenticated,
  Unavailable,
  VersionConflict,
} from '@parley/domain';
import { methodsOf } from './contract/routing.ts';
import { pathOf } from './normal-path.ts';
import { problemResponse, RequestProblem } from './problem.ts';

/**
 * Makes the answer for every error. `code` is Elysia's name for the error. An unknown error becomes a 500 that tells
 * nothing about its cause.
 */
export function errorResponse(error: unknown, code: string | number, request: Request): Response {
  if (code === 'NOT_FOUND') return unknownRoute(request);
  const cause = causeWithin(error);
  if (cause instanceof RequestProblem) {
    return problemResponse({
      status: cause.status,
      detail: cause.message,
      errors: cause.errors,
      headers: cause.headers,
    });
  }
  if (cause instanceof DomainError) return domainResponse(cause);
  if (code === 'PARSE') return problemResponse({ status: 400, detail: 'The request could not be read.' });
  return internalError();
}

/** Returns the original error: Elysia wraps what a body parser throws. */
function causeWithin(error: unknown): unknown {
  if (error instanceof RequestProblem || error instanceof DomainError) return error;
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

function domainResponse(error: DomainError): Response {
  if (error instanceof NotFound) return problemResponse({ status: 404, detail: error.message });
  if (error instanceof Unauthenticated) return unauthenticated(error);
  if (error instanceof Forbidden || error instanceof NotYours) {
    return problemResponse({ status: 403, detail: error.message });
  }
  if (error instanceof LimitReached) {
    const headers = { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000))) };
    return problemResponse({ status: 429, detail: error.message, headers });
  }
  if (error instanceof Gone) return problemResponse({ status: 410, detail: error.message });
  if (error instanceof VersionConflict) return problemResponse({ status: 412, detail: error.message });
  if (error instanceof SenderFixed) return wrongField('/sender_id', error);
  if (error instanceof BeyondLastMessage) return wrongField('/message_number', error);
  if (error instanceof IdempotencyConflict || error instanceof TooManyKeys) {
    return problemResponse({ status: 422, detail: error.message });
  }
  if (error instanceof Unavailable) {
    const headers = { 'retry-after': String(error.retryAfterSeconds) };
    return problemResponse({ status: 503, detail: error.message, headers });
  }
  if (error instanceof EventRejected && error.reason === 'unknown-owner') {
    return problemResponse({ status: 404, detail: 'The application or chat does not exist.' });
  }
  return internalError();
}

/** RFC 6750: the kind of credential, and whether one was given that is not valid. */
function unauthenticated({ message, given }: Unauthenticated): Response {
  const challenge = `Bearer realm="parley"${given ? ', error="invalid_token"' : ''}`;
  return problemResponse({ status: 401, detail: message, headers: { 'www-authenticate': challenge } });
}

function wrongField(path: string, { message }: DomainError): Response {
  return problemResponse({ status: 422, detail: message, errors: [{ path, message }] });
}

function unknownRoute(request: Request): Response {
  const methods = methodsOf(pathOf(request.url));
  if (methods.length === 0) return problemResponse({ status: 404, detail: 'There is nothing at this path.' });
  const detail = `This path takes ${methods.join(', ')}.`;
  return problemResponse({ status: 405, detail, headers: { allow: methods.join(', ') } });
}

function internalError(): Response {
  return problemResponse({ status: 500, detail: 'Something went wrong on our side; it is in our logs.' });
}

/** Whether the operator should look at an error: it is neither the client's fault nor a known outage. */
export function isUnexpected(error: unknown, code: string | number): boolean {
  if (code === 'NOT_FOUND' || code === 'PARSE') return false;
  const cause = causeWithin(error);
  return !(cause instanceof RequestProblem || cause instanceof DomainError) || cause instanceof EventRejected;
}
