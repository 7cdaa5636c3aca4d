/**
 * Elasticsearch at its best, for comparison: bulk requests prepared before the clock starts, into an index like ours.
 */
import { CURRENT_LAYOUT, indexBody, requestsOf } from '@parley/elasticsearch/testing';
import type { Done } from '../measure/sample.ts';
import { randomFrom, textOf } from '../texts.ts';

const INDEX = 'bench-raw';
const LANES = 2;
/** How many documents the indexer hands over at once. */
const LIST = 2_000;

/** Makes the bodies of bulk requests that together hold this many documents. */
export function bulkBodies(documents: number): Buffer[] {
  const random = randomFrom(5);
  const token = crypto.randomUUID();
  const all = Array.from({ length: documents }, (_, index) => {
    return { token, chat: 1, number: index + 1, content: textOf(random), createdAt: Date.now(), version: 1 };
  });
  const bodies: Buffer[] = [];
  for (let at = 0; at < documents; at += LIST) {
    for (const request of requestsOf(all.slice(at, at + LIST), [{ name: INDEX, layout: CURRENT_LAYOUT }]))
      bodies.push(Buffer.from(request.body));
  }
  return bodies;
}

/** Rounds until Java has compiled the code that runs: the first round costs three times as much CPU as the fifth. */
const WARM_ROUNDS = 5;

export async function warmElasticsearch(url: string, bodies: readonly Buffer[], documents: number): Promise<void> {
  for (let round = 0; round < WARM_ROUNDS; round += 1) await rawBulk(url, bodies, documents);
}

/** Sends the bodies, which together have `documents` documents, to an empty index, two at a time. */
export async function rawBulk(url: string, bodies: readonly Buffer[], documents: number): Promise<Done> {
  await call(url, 'DELETE', `/${INDEX}?ignore_unavailable=true`);
  await call(url, 'PUT', `/${INDEX}`, JSON.stringify(indexBody({ shards: 1, replicas: 0, refreshIntervalMs: 500 })));
  const left = [...bodies];
  const startedAt = performance.now();
  const lane = async () => {
    for (let body = left.shift(); body !== undefined; body = left.shift()) {
      const answer = await call(url, 'POST', '/_bulk?filter_path=errors', body, 'application/x-ndjson');
      if (answer.errors !== false) throw new Error('Elasticsearch refused documents');
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const seconds = (performance.now() - startedAt) / 1_000;
  await call(url, 'DELETE', `/${INDEX}`);
  return { count: documents, seconds };
}

async function call(url: string, method: string, path: string, body?: string | Buffer, type = 'application/json') {
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body !== undefined && { body: body as BodyInit, headers: { 'content-type': type } }),
  });
  const answer = (await response.json()) as { errors?: boolean; error?: unknown };
  if (!response.ok) throw new Error(`Elasticsearch: ${JSON.stringify(answer)}`);
  return answer;
}
