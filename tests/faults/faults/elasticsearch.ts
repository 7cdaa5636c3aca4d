/** Faults: Elasticsearch is stopped, dies, loses its index, refuses writes. None may stop creating or storing. */
import type { Fault } from '../fault.ts';
import { SEARCH_ALIAS } from '../observe.ts';
import type { FaultStack } from '../stack.ts';

/** How long Elasticsearch is frozen before the kill: each worker sends its next request, which gets no answer. */
const FROZEN_MS = 1_500;

async function call(stack: FaultStack, method: string, path: string, json?: unknown): Promise<unknown> {
  const response = await fetch(`${stack.urls.ELASTICSEARCH_URL}${path}`, {
    method,
    ...(json !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

const blockWrites = (stack: FaultStack, on: boolean | null): Promise<unknown> =>
  call(stack, 'PUT', `/${SEARCH_ALIAS}/_settings`, { 'index.blocks.read_only_allow_delete': on });

export const elasticsearchFaults: readonly Fault[] = [
  {
    name: 'elasticsearch-stopped',
    description: 'Elasticsearch is stopped for 60 s',
    holdMs: 60_000,
    inject: async ({ stack }) => {
      await stack.stop('elasticsearch');
    },
    heal: async ({ stack }) => {
      await stack.start('elasticsearch');
    },
  },
  {
    name: 'elasticsearch-kill',
    description: 'kill -9 of Elasticsearch while requests of the workers are under way, started again 1 s later',
    holdMs: 1_000,
    inject: async ({ stack }) => {
      stack.signal('elasticsearch', 'SIGSTOP');
      await Bun.sleep(FROZEN_MS);
      await stack.kill('elasticsearch');
    },
    heal: async ({ stack }) => {
      await stack.start('elasticsearch');
    },
  },
  {
    name: 'elasticsearch-index-deleted',
    description: 'the index is deleted',
    holdMs: 0,
    rebuildsIndex: true,
    inject: async ({ stack }) => {
      const aliases = (await call(stack, 'GET', `/_alias/${SEARCH_ALIAS}`)) as Record<string, unknown>;
      for (const index of Object.keys(aliases)) await call(stack, 'DELETE', `/${index}`);
    },
    heal: async () => {},
  },
  {
    name: 'elasticsearch-429',
    description: 'Elasticsearch answers every write with 429 for 15 s, as on a full disk',
    holdMs: 15_000,
    inject: async ({ stack }) => {
      await blockWrites(stack, true);
    },
    heal: async ({ stack }) => {
      await blockWrites(stack, null);
    },
  },
];
