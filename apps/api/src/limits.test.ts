import { expect, test } from 'bun:test';
import { type AccessHint, type Application, type ApplicationChange, newToken, Unavailable } from '@parley/domain';
import { createLogger } from '@parley/runtime';
import { applicationHandlers } from './application-handlers.ts';
import type { ApiParts } from './parts.ts';

const token = newToken();
const asked = { token, caller: { kind: 'admin' } as const, quota: undefined, path: '', query: {} };
const row = { token, retentionDays: 3, limits: { requestsPerSecond: 4, liveConnections: 1 } } as Application;

function handlersOver(hintFails = false) {
  const changes: ApplicationChange[] = [];
  const told: AccessHint[] = [];
  const tell = async (hint: AccessHint) => {
    if (hintFails) throw new Unavailable('numbers', 'away');
    told.push(hint);
  };
  const changeApplication = async (_: string, change: ApplicationChange) => {
    changes.push(change);
    return row;
  };
  const parts = { store: { changeApplication, application: async () => row }, hints: { tell } };
  const logger = createLogger('test', 'silent');
  return { handlers: applicationHandlers({ ...parts, logger } as unknown as ApiParts), changes, told };
}

test('limits are shown as far as the application has its own', async () => {
  const { handlers, told } = handlersOver();
  expect(await handlers.getLimits(asked)).toEqual({ retention_days: 3, requests_per_second: 4, live_connections: 1 });
  expect(told).toEqual([]);
});

test('each limit can be set, taken back, or left, and all programs are told', async () => {
  const { handlers, changes, told } = handlersOver();
  const body = { messages_per_second: 5, requests_per_second: null, creates_in_flight: 6, live_connections: 7 };
  expect(await handlers.updateLimits({ ...asked, body })).toMatchObject({ requests_per_second: 4 });
  await handlers.updateLimits({ ...asked, body: { retention_days: null } });
  expect(changes).toEqual([
    {
      retentionDays: undefined,
      limits: { messagesPerSecond: 5, requestsPerSecond: null, createsInFlight: 6, liveConnections: 7 },
    },
    { retentionDays: null, limits: {} },
  ]);
  expect(told).toEqual([{ kind: 'changed' }, { kind: 'changed' }]);
});

test('a limit is changed also if the others cannot be told', async () => {
  const { handlers, changes } = handlersOver(true);
  await handlers.updateLimits({ ...asked, body: { retention_days: 1 } });
  expect(changes).toHaveLength(1);
});
