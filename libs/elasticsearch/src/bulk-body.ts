import type { SearchDocument } from '@parley/domain';
import { Bytes } from './bytes.ts';
import { documentId } from './keys.ts';
import type { Layout } from './layout.ts';

/**
 * The size of a bulk request, in bytes (its last document may exceed it): large enough to make the overhead small, and
 * small enough for Elasticsearch's memory.
 */
const REQUEST_BYTES = 1024 * 1024;
/** Built in one go, in about two milliseconds. */
const STEP_BYTES = 64 * 1024;

/** An index to write to: the name of its alias for writes, and how its documents are written. */
export interface Target {
  readonly name: string;
  readonly layout: Layout;
}

/** One document for one target. Its two lines are the bytes `start` to `end` of the request's body. */
interface Write {
  readonly document: SearchDocument;
  readonly target: string;
  readonly start: number;
  readonly end: number;
}

/** A bulk request. Elasticsearch answers its `writes` in their order. */
export class BulkRequest {
  readonly writes: readonly Write[];
  readonly body: Buffer;

  constructor(writes: readonly Write[], body: Buffer) {
    this.writes = writes;
    this.body = body;
  }

  only(writes: readonly Write[]): BulkRequest {
    const bytes = writes.map(({ start, end }) => this.body.subarray(start, end));
    let length = 0;
    const moved = writes.map((write, position) => {
      const start = length;
      length += bytes[position]?.length ?? 0;
      return { ...write, start, end: length };
    });
    return new BulkRequest(moved, Buffer.concat(bytes));
  }
}

/** Yields bulk requests of about REQUEST_BYTES that write each document to each target, each built when it is taken. */
export function* requestsOf(
  documents: readonly SearchDocument[],
  targets: readonly Target[],
): Generator<BulkRequest, void> {
  for (const request of buildRequests(documents, targets)) if (request !== undefined) yield request;
}

/** As `requestsOf`, but yields undefined each time it has built STEP_BYTES: then something else may be done. */
export function* buildRequests(
  documents: readonly SearchDocument[],
  targets: readonly Target[],
): Generator<BulkRequest | undefined, void> {
  let writes: Write[] = [];
  let body = new Bytes(REQUEST_BYTES + REQUEST_BYTES / 8);
  let stepped = 0;
  for (const document of documents) {
    if (body.length >= stepped + STEP_BYTES) {
      stepped = body.length;
      yield undefined;
    }
    add(document, targets, writes, body);
    if (body.length < REQUEST_BYTES) continue;
    stepped = 0;
    yield new BulkRequest(writes, body.view());
    writes = [];
    body = new Bytes(REQUEST_BYTES + REQUEST_BYTES / 8);
  }
  if (writes.length > 0) yield new BulkRequest(writes, body.view());
}

/** Appends one document for all targets. Those with the same layout share its JSON, built once and copied. */
function add(document: SearchDocument, targets: readonly Target[], writes: Write[], body: Bytes): void {
  const sources = new Map<Layout, { start: number; end: number }>();
  for (const target of targets) {
    const { name, layout } = target;
    const start = body.length;
    body.text(actionOf(document, target));
    const from = body.length;
    const source = sources.get(layout);
    if (source === undefined) {
      layout.write(document, body);
      body.text('\n');
      sources.set(layout, { start: from, end: body.length });
    } else {
      body.again(source.start, source.end);
    }
    writes.push({ document, target: name, start, end: body.length });
  }
}

/**
 * The line before a document in a bulk request. It has the version of the message's row: the highest wins, so repeating
 * writes or changing their order does no harm.
 */
function actionOf(document: SearchDocument, { name, layout }: Target): string {
  const id = documentId(layout.keys, document);
  const place = `"_index":"${name}","_id":"${id}","routing":"${layout.keys.routing(document.token)}"`;
  return `{"index":{${place},"version":${document.version},"version_type":"external"}}\n`;
}
