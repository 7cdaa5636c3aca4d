/** What operations need of their callers, as the OpenAPI document says it. */
import type { Operation } from './operation.ts';

export const SECURITY_SCHEMES = {
  adminKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'An admin key, of the operator. It may do everything.',
  },
  secretKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'A secret key of an application, for servers: `parley_sk_…`.',
  },
  userToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A user token, for browsers and apps: from `POST /api/applications/{token}/sessions`.',
  },
} as const;

type Needs = Pick<Operation, 'needs' | 'users'>;

/** The credentials of which one is needed. The first is none at all: a server may be open. */
export function securityOf({ needs, users }: Needs): readonly object[] {
  return [
    {},
    { adminKey: [] },
    ...(needs === 'admin' ? [] : [{ secretKey: [] }]),
    ...(users === true ? [{ userToken: [] }] : []),
  ];
}

/** The same as a sentence, with the scope. */
export function needOf({ needs, users }: Needs): string {
  if (needs === 'admin') return 'With keys on, it needs an admin key.';
  if (needs === 'session') return 'With keys on, it needs a secret key.';
  const orUser = users === true ? ', or a user token with it' : '';
  return `With keys on, it needs a secret key with the scope \`${needs}\`${orUser}.`;
}
