import { type SearchDocument, sequenceKey } from '@parley/domain';
import { Bytes } from './bytes.ts';
import { writeGrams } from './grams.ts';

/**
 * A request has about this many bytes (a single document may have more): large enough that its overhead does not count,
 * small enough for Elasticsearch's memory, and the next one is built while it is under way.
 */
const REQUEST_BYTES = 1024 * 1024;

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
  targets: readonly string[],
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

/** The source is the same for each target: it is made once and copied. */
function add(document: SearchDocument, targets: readonly string[], writes: Write[], body: Bytes): void {
  const { token, chat, number, content } = document;
  const key = sequenceKey({ kind: 'messages', token, chat });
  let source: { start: number; end: number } | undefined;
  for (const target of targets) {
    const start = body.length;
    body.text(actionOf(document, key, target));
    if (source === undefined) {
      const from = body.length;
      body.text(
        `{"chat":${JSON.stringify(key)},"number":${JSON.stringify(number)},"content":${JSON.stringify(content)},`,
      );
      writeGrams(content, body);
      body.text('}\n');
      source = { start: from, end: body.length };
    } else {
      body.again(source.start, source.end);
    }
    writes.push({ document, target, start, end: body.length });
  }
}

/** The version is that of the row, so that repeating a write or changing the order of writes does no harm. */
function actionOf({ token, number, version }: SearchDocument, key: string, target: string): string {
  const place = `"_index":"${target}","_id":${JSON.stringify(`${key}:${number}`)},"routing":${JSON.stringify(token)}`;
  return `{"index":{${place},"version":${version},"version_type":"external"}}\n`;
}
