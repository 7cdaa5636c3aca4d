/** What scenarios need besides measuring: create chats, make backlogs, wait until all is stored and indexed. */
import { until } from '@parley/testing';
import type { Context } from './context.ts';
import { withMysql } from './floors/mysql.ts';
import { purgeQueues } from './floors/rabbitmq.ts';
import type { Target } from './load/load.ts';
import { type BenchStack, PARTITIONS } from './stack.ts';
import { randomFrom, textOf } from './texts.ts';

export const SETTLED_WITHIN_MS = 600_000;
const SETUP_LANES = 8;

async function post(url: string, body: unknown): Promise<Record<string, string | number>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, string | number>;
  if (response.status !== 201) throw new Error(`${url}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/**
 * Creates chats in new applications. Resolves with their paths: the first chat of each application, then the second
 * ones…
 */
export async function newChats(url: string, applications: number, chatsEach: number): Promise<string[]> {
  const paths: string[][] = Array.from({ length: chatsEach }, () => []);
  const left = Array.from({ length: applications }, (_, index) => index);
  const lane = async () => {
    for (let index = left.shift(); index !== undefined; index = left.shift()) {
      const { application_token } = await post(`${url}/api/applications`, { application_name: `Bench ${index}` });
      for (const row of paths) {
        const base = `/api/applications/${application_token}/chats`;
        const { chat_number } = await post(`${url}${base}`, { chat_name: 'Bench' });
        row.push(`${base}/${chat_number}`);
      }
    }
  };
  await Promise.all(Array.from({ length: SETUP_LANES }, lane));
  return paths.flat();
}

/** Returns single creates, one for each chat. */
export function creates(chats: readonly string[], characters = 60): Target[] {
  const random = randomFrom(11);
  return chats.map((chat) => {
    return {
      method: 'POST',
      path: `${chat}/messages`,
      body: JSON.stringify({ message_content: textOf(random, characters) }),
    };
  });
}

/** Returns batch creates of `size` messages, one for each chat. */
export function batches(chats: readonly string[], size: number): Target[] {
  const random = randomFrom(13);
  return chats.map((chat) => {
    const messages = Array.from({ length: size }, () => ({ message_content: textOf(random) }));
    return { method: 'POST', path: `${chat}/messages/batch`, body: JSON.stringify({ messages }) };
  });
}

/** The rows that a worker has stored, and the documents that it has indexed, since its start. */
export interface WorkerTotals {
  readonly stored: number;
  readonly indexed: number;
}

export async function workerTotals(url: string): Promise<WorkerTotals> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  return { stored: value('parley_store_batch_rows_sum'), indexed: value('parley_indexed_documents_total') };
}

/** Waits until the worker has stored this many rows and indexed this many documents more than in `before`. */
export async function settled(
  { stack }: Context,
  before: WorkerTotals,
  { rows, documents }: { rows: number; documents: number },
): Promise<void> {
  const done = async () => {
    const { stored, indexed } = await workerTotals(stack.worker);
    return stored - before.stored >= rows && indexed - before.indexed >= documents;
  };
  await until(`${rows} rows are stored and ${documents} indexed`, done, SETTLED_WITHIN_MS);
}

/** Runs `work` without the worker, then drops what was accepted: storing it would distort the next measurement. */
export async function withoutWorker<T>({ stack }: Context, work: () => Promise<T>): Promise<T> {
  await stack.stop('worker-1');
  try {
    return await work();
  } finally {
    await purge(stack);
    await withMysql(stack.servers.mysql, (connection) => connection.query('TRUNCATE TABLE batches'));
    await stack.start('worker-1');
  }
}

export const purge = (stack: BenchStack): Promise<void> => purgeQueues(stack.servers.rabbitmq, PARTITIONS);
