import { Type } from 'typebox';
import { answer, body, EXAMPLE_TIMES, EXAMPLE_TOKEN, NO_QUERY, type Operation } from './operation.ts';
import { PATHS } from './paths.ts';
import * as schemas from './schemas.ts';

const key = {
  id: '0b8f4a2e-5d3c-4b6a-9f1e-2c7d8e9f0a1b',
  name: 'Our web server',
  scopes: ['messages:read' as const, 'messages:write' as const],
  created_at: EXAMPLE_TIMES.created_at,
};

/** Keys and user tokens. */
export const accessOperations = {
  createKey: {
    program: 'api',
    method: 'POST',
    path: PATHS.keys,
    tag: 'Access',
    needs: 'keys',
    summary: 'Make a secret key',
    description:
      'The answer shows the key, once. A key that makes another may give it only its own scopes, and no later end. An application’s keys make at most 100 at once, then one a minute.',
    query: NO_QUERY,
    body: body(schemas.KeyInput, { name: key.name, scopes: key.scopes }),
    answer: answer(201, 'The key. It is kept only as a hash: it is never shown again.', schemas.CreatedKey, {
      ...{ type: 'key', ...key, secret_key: `parley_sk_${'…'.repeat(3)}` },
    }),
  },
  listKeys: {
    program: 'api',
    method: 'GET',
    path: PATHS.keys,
    tag: 'Access',
    needs: 'keys',
    summary: 'List secret keys',
    query: NO_QUERY,
    answer: answer(200, 'All keys that are not revoked, the oldest first.', Type.Array(schemas.Key), [key]),
  },
  revokeKey: {
    program: 'api',
    method: 'DELETE',
    path: PATHS.key,
    tag: 'Access',
    needs: 'keys',
    endsFloods: true,
    summary: 'Revoke a secret key',
    description:
      'It ends at once, and with it the user tokens that it has made; within ten seconds where Redis is away.',
    query: NO_QUERY,
    answer: { status: 204, description: 'It is revoked, or was before.' },
  },
  createSession: {
    program: 'api',
    method: 'POST',
    path: PATHS.sessions,
    tag: 'Access',
    needs: 'session',
    summary: 'Make a user token',
    description:
      'For browsers and apps: it acts as the user, in these chats only. Its messages have the user as `sender_id`; it changes and deletes only those, and only the user’s own read mark. It ends with the secret key that made it.',
    query: NO_QUERY,
    body: body(schemas.SessionInput, { user_id: 'anna', chats: [1, 2] }),
    answer: answer(201, 'The user token.', schemas.Session, {
      ...{ type: 'session', access_token: 'eyJ…', user_id: 'anna', expires_at: '2026-03-01T10:30:00.000Z' },
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;

/** For the operator of the installation. */
export const adminOperations = {
  listPrograms: {
    program: 'api',
    method: 'GET',
    path: PATHS.adminPrograms,
    tag: 'Administration',
    needs: 'admin',
    summary: 'Figures of all running programs',
    query: NO_QUERY,
    answer: answer(200, 'Each running program.', Type.Array(schemas.Program), [
      {
        ...{ id: 'b7c1d2e3', name: 'ingest', version: '0.1.0', started_at: EXAMPLE_TIMES.created_at },
        ...{ at: EXAMPLE_TIMES.updated_at, values: { process_resident_memory_bytes: 73400320 } },
      },
    ]),
  },
  listLimitedApplications: {
    program: 'api',
    method: 'GET',
    path: PATHS.adminApplications,
    tag: 'Administration',
    needs: 'admin',
    summary: 'List applications with their limits',
    query: ['limit', 'order', 'afterToken', 'beforeToken'],
    answer: {
      ...answer(200, 'A page, by token.', Type.Array(schemas.LimitedApplication), [
        {
          ...{ token: EXAMPLE_TOKEN, name: 'Support desk', chats_count: 1, limits: { messages_per_second: 500 } },
          ...EXAMPLE_TIMES,
        },
      ]),
      paged: true,
    },
  },
  listDeadLetters: {
    program: 'api',
    method: 'GET',
    path: PATHS.adminDeadLetters,
    tag: 'Administration',
    needs: 'admin',
    summary: 'List dead letters',
    description: 'Events that could not be stored, with the reason. They stay until they are replayed.',
    query: ['limit'],
    answer: answer(200, 'The oldest ones.', Type.Array(schemas.DeadLetter), [{ reason: 'rejected', content: '{}' }]),
  },
  replayDeadLetters: {
    program: 'api',
    method: 'POST',
    path: PATHS.adminReplay,
    tag: 'Administration',
    needs: 'admin',
    summary: 'Publish dead letters again',
    description: 'To their partitions. Late ones stay.',
    query: NO_QUERY,
    body: { ...body(schemas.ReplayInput, { limit: 100 }), emptyIf: 'absent' },
    answer: answer(200, 'How many were published again, of how many that were waiting.', schemas.Replayed, {
      ...{ replayed: 1, waiting: 1 },
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;
