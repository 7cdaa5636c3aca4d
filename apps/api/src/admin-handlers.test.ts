import { expect, test } from 'bun:test';
import { newToken, type WaitingLetter } from '@parley/domain';
import { createLogger } from '@parley/runtime';
import { adminHandlers } from './admin-handlers.ts';
import type { ApiParts } from './parts.ts';

const asked = { caller: { kind: 'admin' } as const, quota: undefined, path: '/list', query: {} };

function handlersOver(parts: object) {
  const counters = { pending: async (_: number, of: readonly unknown[]) => of.map(() => 2) };
  return adminHandlers({ counters, logger: createLogger('test', 'silent'), ...parts } as unknown as ApiParts);
}

test('programs are shown as they told their figures', async () => {
  const figures = { id: 'a', name: 'ingest', version: '0.1.0', startedAt: 0, at: 2_000, values: { rss: 5 } };
  expect(await handlersOver({ figures: { all: async () => [figures] } }).listPrograms(asked)).toEqual([
    {
      ...{ id: 'a', name: 'ingest', version: '0.1.0', values: { rss: 5 } },
      ...{ started_at: '1970-01-01T00:00:00.000Z', at: '1970-01-01T00:00:02.000Z' },
    },
  ]);
});

test('applications are shown with their own limits and exact counts, page by page', async () => {
  const token = newToken();
  const row = { token, name: 'A', version: 1, chatsCount: 3, countedThrough: 0, createdAt: 0, updatedAt: 0 };
  const limits = { messagesPerSecond: 5 };
  const rows = [{ ...row, metadata: '{}', retentionDays: 7, limits }, row];
  const { listLimitedApplications } = handlersOver({ store: { applications: async () => ({ rows, more: true }) } });
  const { items, link } = await listLimitedApplications({ ...asked, query: { limit: '2' } });
  const times = { created_at: '1970-01-01T00:00:00.000Z', updated_at: '1970-01-01T00:00:00.000Z' };
  expect(items).toEqual([
    { token, name: 'A', chats_count: 5, limits: { retention_days: 7, messages_per_second: 5 }, ...times },
    { token, name: 'A', chats_count: 5, limits: {}, ...times },
  ]);
  expect(link).toBe(`</list?limit=2&after=${token}>; rel="next"`);
});

test('dead letters are shown as text, as many as asked for', async () => {
  const letter: WaitingLetter = { reason: 'rejected', detail: 'why', content: Buffer.from('{"a":"ä"}') };
  const limits: number[] = [];
  const list = async (limit: number) => {
    limits.push(limit);
    return [letter];
  };
  const { listDeadLetters } = handlersOver({ deadLetters: { list } });
  expect(await listDeadLetters({ ...asked, query: { limit: '7' } })).toEqual([
    { reason: 'rejected', detail: 'why', content: '{"a":"ä"}' },
  ]);
  await listDeadLetters(asked);
  expect(limits).toEqual([7, 50]);
});

test('a replay takes all that wait, or as many as asked for', async () => {
  const limits: number[] = [];
  const replay = async (limit: number) => limits.push(limit);
  const over = (waiting: number) => handlersOver({ deadLetters: { count: async () => waiting, replay } });
  expect(await over(3).replayDeadLetters({ ...asked, body: {} })).toEqual({ replayed: 1, waiting: 3 });
  expect(await over(3).replayDeadLetters({ ...asked, body: { limit: 2 } })).toEqual({ replayed: 2, waiting: 3 });
  expect(await over(3).replayDeadLetters({ ...asked, body: { limit: 9 } })).toEqual({ replayed: 3, waiting: 3 });
  expect(await over(0).replayDeadLetters({ ...asked, body: {} })).toEqual({ replayed: 0, waiting: 0 });
  expect(limits).toEqual([3, 2, 3]);
});
