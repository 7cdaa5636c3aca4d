import { expect, test } from 'bun:test';
import { BATCH_BODY_BYTES_MAX } from '@parley/domain';
import type { Sent } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';

interface Described {
  readonly requestBody?: unknown;
}

/** Mistakes that every operation must tell, whatever it does. A wrong body comes first. */
const OF_ALL: readonly [status: number, query: string, sent: Sent][] = [[422, '?no_such_parameter=1', {}]];
const OF_BODIES: typeof OF_ALL = [
  [400, '', { raw: '{' }],
  [413, '', { raw: `"${'x'.repeat(BATCH_BODY_BYTES_MAX)}"` }],
  [415, '', { raw: '{}', headers: { 'content-type': 'text/plain' } }],
  [422, '', { json: { no_such_field: 1 } }],
];

test('every operation tells the mistakes that the document lists for it', async () => {
  const client = await e2e();
  const chat = await client.chat();
  const values: Readonly<Record<string, string>> = {
    ...{ token: chat.split('/')[3] ?? '', number: '1', message: '1', user_id: 'anna', key_id: crypto.randomUUID() },
  };
  const document = await (await fetch(`${client.url}/openapi.json`)).json();
  for (const [template, methods] of Object.entries<Record<string, Described>>(document.paths)) {
    const path = template.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => values[name] ?? '');
    for (const [method, { requestBody }] of Object.entries(methods)) {
      for (const [status, query, sent] of requestBody === undefined ? OF_ALL : OF_BODIES) {
        const answer = await client.call(method.toUpperCase(), `${path}${query}`, sent);
        expect(answer.status, `${method} ${path}${query} ${status}`).toBe(status);
      }
    }
  }
}, 60_000);
