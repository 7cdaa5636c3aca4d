import { beforeAll, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Client } from '../support/client.ts';
import { e2eChat } from '../support/e2e.ts';
import { rawHttp } from '../support/raw.ts';

/** The size of a body's chunks. No limit is a multiple of it, so that limits lie inside a chunk. */
const CHUNK_BYTES = 50_000;
const CONTENT = '{"message_content":"x"}';
const JSON_TYPE = { 'content-type': 'application/json' };

let client: Client;
let application: string;
let chat: string;
beforeAll(async () => {
  ({ client, application, chat } = await e2eChat());
});

const LIMIT = 128 * 1024;
const BATCH_LIMIT = 2 * 1024 * 1024;

/** Every kind of body, with its limit in bytes. */
const requests = () => [
  { method: 'POST', path: '/api/applications', json: '{"application_name":"x"}', limit: LIMIT, status: 201 },
  { method: 'POST', path: `${application}/chats`, json: '{"chat_name":"x"}', limit: LIMIT, status: 201 },
  { method: 'POST', path: chat, json: CONTENT, limit: LIMIT, status: 201 },
  { method: 'POST', path: `${chat}/messages`, json: CONTENT, limit: LIMIT, status: 201 },
  { method: 'PATCH', path: `${chat}/messages/1`, json: CONTENT, limit: LIMIT, status: 200 },
  { method: 'POST', path: `${chat}/search`, json: '{"search_query":"x"}', limit: LIMIT, status: 200 },
  {
    method: 'POST',
    path: `${chat}/messages/batch`,
    json: `{"messages":[${CONTENT}]}`,
    limit: BATCH_LIMIT,
    status: 201,
  },
];

const ways = {
  'with its length': (text: string): string | string[] => text,
  'in chunks': (text: string): string | string[] => text.match(new RegExp(`[^]{1,${CHUNK_BYTES}}`, 'g')) ?? [],
};

for (const [way, bodyOf] of Object.entries(ways)) {
  /** Sends a body, padded with spaces to `bytes` bytes (JSON allows them at its end). Returns the status. */
  const send = async ({ method, path, json }: { method: string; path: string; json: string }, bytes: number) => {
    let status = 503;
    // A busy system may answer 503 for a while. Then the request is repeated.
    await until('there is an answer', async () => {
      const request = { method, path, headers: JSON_TYPE, body: bodyOf(json.padEnd(bytes)) };
      ({ status } = await rawHttp(client.url, request));
      return status !== 503;
    });
    return status;
  };

  test(`a body sent ${way} is accepted at exactly its limit, and refused with one byte more`, async () => {
    for (const request of requests()) {
      const name = `${request.method} ${request.path}`;
      expect(await send(request, request.limit), name).toBe(request.status);
      expect(await send(request, request.limit + 1), name).toBe(413);
    }
  });
}
