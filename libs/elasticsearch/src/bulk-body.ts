import type { SearchDocument } from '@parley/domain';
import { Bytes } from './bytes.ts';
import { documentId } from './keys.ts';
import type { Layout } from './layout.ts';

/**
 * The approximate size of a request (a single larger document exceeds it). It is large enough to make the overhead
 * small and small enough for Elasticsearch's memory. The next request is built while one is being sent.
 */
const REQUEST_BYTES = 1024 * 1024;

/** The alias for writes to an index, and the layout of its documents. */
export interface Target {
  readonly name: string;
  readonly layout: Layout;
}

/** One document for one target, with the position of its two lines in the body. */
interface Write {
  readonly document: SearchDocument;
  readonly target: string;
  readonly start: number;
  readonly end: number;
}

/** A bulk request. Elasticsearch answers its items in the order of `writes`. */
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

/**
 * Writes each document to each target. Yields requests of limited size, and builds each only when the caller takes it.
 */
export function* requestsOf(
  documents: readonly SearchDocument[],
  targets: readonly Target[],
): Generator<BulkRequest, void> {
  let writes: Write[] = [];
  let body = new Bytes(REQUEST_BYTES + REQUEST_BYTES / 8);
  for (const document of documents) {
    add(document, targets, writes, body);
    if (body.length < REQUEST_BYTES) continue;
    yield new BulkRequest(writes, body.view());
    writes = [];
    body = new Bytes(REQUEST_BYTES + REQUEST_BYTES / 8);
  }
  if (writes.length > 0) yield new BulkRequest(writes, body.view());
}

/** Targets with the same layout share a document's source: it is written once and then copied. */
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

/** The document has the version of its row, so repeating writes or changing their order does no harm. */
function actionOf(document: SearchDocument, { name, layout }: Target): string {
  const id = documentId(layout.keys, document);
  const place = `"_index":"${name}","_id":"${id}","routing":"${layout.keys.routing(document.token)}"`;
  return `{"index":{${place},"version":${document.version},"version_type":"external"}}\n`;
}
