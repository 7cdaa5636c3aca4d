import type { SearchDocument } from '@parley/domain';
import { Bytes } from './bytes.ts';
import { documentId } from './keys.ts';
import type { Layout } from './layout.ts';

/**
 * A request has about this many bytes (a single document may have more): large enough that its overhead does not count,
 * small enough for Elasticsearch's memory, and the next one is built while it is under way.
 */
const REQUEST_BYTES = 1024 * 1024;

/** An index, by the alias that it is written through, and how its documents are written. */
export interface Target {
  readonly name: string;
  readonly layout: Layout;
}

/** One document for one target, with the place of its two lines in the body. */
interface Write {
  readonly document: SearchDocument;
  readonly target: string;
  readonly start: number;
  readonly end: number;
}

/** A bulk request: its items are answered in the order of its writes. */
export class BulkRequest {
  readonly writes: readonly Write[];
  readonly body: Buffer;

  constructor(writes: readonly Write[], body: Buffer) {
    this.writes = writes;
    this.body = body;
  }

  /** A request of some of its writes. */
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

/** Each document for each target, in requests of bounded size, each built when it is asked for. */
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

/** The source is the same for all targets of a layout: it is made once and copied. */
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

/** The version is that of the row, so that repeating a write or changing the order of writes does no harm. */
function actionOf(document: SearchDocument, { name, layout }: Target): string {
  const id = documentId(layout.keys, document);
  const place = `"_index":"${name}","_id":"${id}","routing":"${layout.keys.routing(document.token)}"`;
  return `{"index":{${place},"version":${document.version},"version_type":"external"}}\n`;
}
