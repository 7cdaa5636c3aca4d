import { type SearchDocument, sequenceKey } from '@parley/domain';
import { gramsOf } from './grams.ts';

/**
 * A request holds about this many characters (a single document may have more): large enough that its overhead does not
 * count, small enough for Elasticsearch's memory, and the next one is built while it is under way.
 */
const REQUEST_CHARACTERS = 1024 * 1024;

/** One write: a document into one target, with its two lines of a bulk request. */
export interface Write {
  readonly document: SearchDocument;
  readonly target: string;
  readonly lines: string;
}

/** Writes each document into each target, in requests of bounded size, each built when it is asked for. */
export function* requestsOf(
  documents: readonly SearchDocument[],
  targets: readonly string[],
): Generator<readonly Write[], void> {
  let request: Write[] = [];
  let characters = 0;
  for (const document of documents) {
    const source = sourceOf(document);
    for (const target of targets) {
      const lines = `${actionOf(document, target)}\n${source}\n`;
      request.push({ document, target, lines });
      characters += lines.length;
    }
    if (characters < REQUEST_CHARACTERS) continue;
    yield request;
    request = [];
    characters = 0;
  }
  if (request.length > 0) yield request;
}

/** The version is that of the row, so that repeating a write or changing the order of writes does no harm. */
function actionOf({ token, chat, number, version }: SearchDocument, target: string): string {
  const id = JSON.stringify(`${sequenceKey({ kind: 'messages', token, chat })}:${number}`);
  return `{"index":{"_index":"${target}","_id":${id},"routing":${JSON.stringify(token)},"version":${version},"version_type":"external"}}`;
}

function sourceOf({ token, chat, number, content }: SearchDocument): string {
  return JSON.stringify({
    chat: sequenceKey({ kind: 'messages', token, chat }),
    number,
    content,
    ...gramsOf(content),
  });
}
