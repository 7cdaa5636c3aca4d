/**
 * Turns failures of Elasticsearch into errors that tell what helps: waiting (Unavailable), building the index anew
 * (IndexMissing), or an operator (WrongElasticsearch).
 */
import { errors } from '@elastic/elasticsearch';
import { DomainError, Unavailable } from '@parley/domain';

/** There is no index behind `index` (an alias or an index's name). The worker builds it anew from the store. */
export class IndexMissing extends Unavailable {
  constructor(
    readonly index: string,
    cause?: unknown,
  ) {
    super('search index', 'Search is being set up.', { cause });
  }
}

/** Elasticsearch is reachable but cannot be used, e.g. because of its version. Waiting does not help. */
export class WrongElasticsearch extends Error {
  override readonly name: string = 'WrongElasticsearch';
}

/** This program does not know the mapping of the index: a newer program created the index and writes to it. */
export class UnknownMapping extends Unavailable {
  constructor(
    readonly index: string,
    version: number | undefined,
  ) {
    super('search index', `The index ${index} has mapping ${version ?? 'none of ours'}, which is not known here.`);
  }
}

export function unavailable(detail: string, cause?: unknown): Unavailable {
  return new Unavailable('search index', detail, cause === undefined ? {} : { cause });
}

/** Turns an error of a call into one that tells what helps. `index` is the alias or index of the call. */
export function failure(error: unknown, index: string): Error {
  if (error instanceof DomainError || error instanceof WrongElasticsearch) return error;
  if (error instanceof errors.ProductNotSupportedError)
    return new WrongElasticsearch('What answers there is not Elasticsearch.', { cause: error });
  if (error instanceof errors.TimeoutError || error instanceof errors.RequestAbortedError)
    return unavailable('Search did not answer in time.', error);
  if (isResponse(error, 'media_type_header_exception'))
    return new WrongElasticsearch('Elasticsearch has a wrong version: version 9 is needed.', { cause: error });
  if (isResponse(error, 'index_not_found_exception')) return new IndexMissing(index, error);
  return unavailable('Search is not available right now.', error);
}

/** Whether a call failed because Elasticsearch is overloaded or is just starting: a retry may soon succeed. */
export function isBusy(error: unknown): boolean {
  const cause = error instanceof Unavailable ? error.cause : undefined;
  return cause instanceof errors.ResponseError && [429, 502, 503, 504].includes(cause.statusCode ?? 0);
}

export function isResponse(error: unknown, type: string): error is errors.ResponseError {
  return error instanceof errors.ResponseError && typeOf(error.body) === type;
}

function typeOf(body: unknown): unknown {
  return (body as { error?: { type?: unknown } } | undefined)?.error?.type;
}
