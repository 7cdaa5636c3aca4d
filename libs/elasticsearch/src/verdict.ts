export interface Item {
  readonly status: number;
  readonly error?: { readonly type: string; readonly reason?: string };
}

/**
 * What Elasticsearch's answer for a document means:
 * - `done`: the index has this version of the document, or a newer one.
 * - `later`: Elasticsearch is busy or a shard is unavailable. A retry may soon succeed.
 * - `refused`: the document itself can never be indexed.
 * - `missing`: there is no such index.
 * - `failed`: the index takes no documents (it is closed, read-only, forbidden). The document is not at fault.
 */
export type Verdict =
  | { readonly kind: 'done' | 'later' }
  | { readonly kind: 'refused' | 'missing' | 'failed'; readonly reason: string };

/** The errors with status 400 that are caused by the document. All other errors with it come from the index's state. */
const REFUSALS = new Set([
  'document_parsing_exception',
  'mapper_parsing_exception',
  'strict_dynamic_mapping_exception',
  'x_content_parse_exception',
]);
const CONFLICT = 409;
const BUSY = new Set([429, 500, 502, 503, 504]);

/** Returns what an answer means. A missing one counts as `failed`, so that its document is not taken for written. */
export function judge(item: Item | undefined): Verdict {
  if (item === undefined) return { kind: 'failed', reason: 'no answer for the document' };
  const { status, error } = item;
  if (status < 300 || status === CONFLICT) return { kind: 'done' };
  const reason = `${error?.type ?? status}: ${error?.reason ?? 'no reason given'}`;
  // A nearly full disk makes indices read-only, with status 429 or 403. That lasts long: a retry does not help.
  if (error?.type === 'cluster_block_exception') return { kind: 'failed', reason };
  if (BUSY.has(status)) return { kind: 'later' };
  if (error?.type === 'index_not_found_exception') return { kind: 'missing', reason };
  // The reason is only the error's type, because Elasticsearch's reason contains a part of the document.
  if (error !== undefined && REFUSALS.has(error.type)) return { kind: 'refused', reason: error.type };
  return { kind: 'failed', reason };
}
