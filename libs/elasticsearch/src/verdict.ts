/** How one item of a bulk request was answered, as Elasticsearch tells it. */
export interface Item {
  readonly status: number;
  readonly error?: { readonly type: string; readonly reason?: string };
}

/**
 * - `done`: it is in the index, or a newer version of it is.
 * - `later`: Elasticsearch is busy or a shard is away: worth trying again soon.
 * - `refused`: the document itself can never be indexed.
 * - `missing`: there is no such index.
 * - `failed`: the index takes no documents (it is closed, read-only, forbidden): not the document's fault.
 */
export type Verdict =
  | { readonly kind: 'done' | 'later' }
  | { readonly kind: 'refused' | 'missing' | 'failed'; readonly reason: string };

/** Of all that is answered with status 400, these are about the document and not about the state of the index. */
const REFUSALS = new Set([
  'document_parsing_exception',
  'mapper_parsing_exception',
  'strict_dynamic_mapping_exception',
  'x_content_parse_exception',
]);
const CONFLICT = 409;
const BUSY = new Set([429, 500, 502, 503, 504]);

/** An item without an answer counts as failed: nothing is taken for written that was not. */
export function judge(item: Item | undefined): Verdict {
  if (item === undefined) return { kind: 'failed', reason: 'no answer for the document' };
  const { status, error } = item;
  if (status < 300 || status === CONFLICT) return { kind: 'done' };
  const reason = `${error?.type ?? status}: ${error?.reason ?? 'no reason given'}`;
  // A disk that is nearly full makes indices read-only, which is told with status 429 or 403 and does not pass soon.
  if (error?.type === 'cluster_block_exception') return { kind: 'failed', reason };
  if (BUSY.has(status)) return { kind: 'later' };
  if (error?.type === 'index_not_found_exception') return { kind: 'missing', reason };
  // Elasticsearch's own text has a preview of what was written.
  if (error !== undefined && REFUSALS.has(error.type)) return { kind: 'refused', reason: error.type };
  return { kind: 'failed', reason };
}
