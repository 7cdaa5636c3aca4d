import { expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Answer } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';

const AT_ONCE = 8;
/** No object has this version, so no request that gets through changes or deletes anything. */
const HEADERS = { 'content-type': 'application/json', 'if-match': '"999999-1"' };

test('every operation in an application is a 429 beyond its requests a second, as documented', async () => {
  const client = await e2e();
  const application = await client.application();
  await client.get(application);
  await client.patch(`${application}/limits`, { requests_per_second: 1 });
  const document = await (await fetch(`${client.url}/openapi.json`)).json();
  const values: Readonly<Record<string, string>> = {
    ...{ token: application.slice(application.lastIndexOf('/') + 1), number: '1', message: '1', user_id: 'anna' },
    key_id: crypto.randomUUID(),
  };
  const operations = Object.entries<Record<string, { responses: object }>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      429 in responses ? [[method.toUpperCase(), path] as const] : [],
    ),
  );
  expect(operations.length).toBeGreaterThan(25);
  for (const [method, template] of operations) {
    const path = template.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => values[name] ?? '');
    const hasBody = method !== 'GET' && method !== 'DELETE';
    const ask = () => client.call(method, path, { headers: HEADERS, ...(hasBody && { raw: '{' }) });
    let refused: Answer | undefined;
    const isRefused = async () => {
      refused = (await Promise.all(Array.from({ length: AT_ONCE }, ask))).find(({ status }) => status === 429);
      return refused !== undefined;
    };
    await until(`${method} ${template} is refused`, isRefused, 15_000);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused?.headers.get('ratelimit-policy')).toBe('"requests";q=10;w=10');
    expect(refused?.headers.get('ratelimit')).toMatch(/^"requests";r=0;t=[0-9]+$/);
  }
}, 120_000);
