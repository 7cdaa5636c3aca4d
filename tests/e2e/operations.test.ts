import { beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';

let client: Client;
beforeAll(async () => {
  client = await e2e();
});

describe('request ids', () => {
  test('are taken from the request or generated, and are in every answer, even an error', async () => {
    const given = await client.get('/api/applications', { headers: { 'x-request-id': 'abc-123' } });
    expect(given.headers.get('x-request-id')).toBe('abc-123');
    const made = await client.get('/api/nothing');
    expect(made.headers.get('x-request-id')).toMatch(/^[\x21-\x7e]{8,}$/);
    const other = await client.get('/api/nothing');
    expect(other.headers.get('x-request-id')).not.toBe(made.headers.get('x-request-id'));
  });
});
