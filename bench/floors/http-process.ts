/**
 * The HTTP floors, servers to compare our programs with, each on its own port of this process. Prints the ports as JSON.
 *
 * - bare: the same routes with the same body parser, check and answer, and no other code of ours.
 * - listener: as `bare`, on the standalone's own listener.
 * - inside: the whole ingest, with metrics, request ids and acceptance, on drivers that reply at once.
 *
 * The difference between the two is our own code. What a real ingest costs beyond `inside` is its calls to servers.
 */
import { BODY_BYTES_MAX, type EventLog, type Numbering, newEventId, type Store } from '@parley/domain';
import {
  BASE_PATH,
  bodyCheck,
  chatParam,
  httpApp,
  jsonBody,
  MessageInput,
  PATHS,
  serve,
  tokenParam,
} from '@parley/http';
import { ingestRoutes } from '@parley/ingest';
import { createLogger, createRegistry } from '@parley/runtime';
import { serve as serveStandalone } from '@parley/standalone/serve';
import { type AnyElysia, Elysia } from 'elysia';
import { randomFrom, textOf } from '../texts.ts';

const random = randomFrom(1);
const now = new Date().toISOString();
const page = Array.from({ length: 50 }, (_, index) => messageView(index + 1));
let number = 0;

function messageView(of: number) {
  return { number: of, content: textOf(random), created_at: now, updated_at: now };
}

const readBody = jsonBody(BODY_BYTES_MAX);
const check = bodyCheck(MessageInput);
const bare = new Elysia({ prefix: BASE_PATH })
  .post(
    PATHS.messages,
    ({ body, params, set }) => {
      set.status = 201;
      number += 1;
      return {
        type: 'message',
        application_token: tokenParam(params.token),
        chat_number: chatParam(params.number),
        message_number: number,
        message_content: check(body).message_content,
      };
    },
    { parse: ({ request }) => readBody(request) },
  )
  .get(PATHS.message, ({ params }) => {
    tokenParam(params.token);
    return { ...page[0], number: chatParam(params.message) };
  })
  .get(PATHS.messages, ({ params }) => {
    tokenParam(params.token);
    chatParam(params.number);
    return page;
  });

const logger = createLogger('bench', 'error');
const registry = createRegistry('bench');
const drawn = (first: number) => ({ first, eventId: newEventId(1), epoch: 1, at: Date.now() });
const numbering: Numbering = {
  draw: ({ count }, taker) => {
    number += count;
    const first = number - count + 1;
    queueMicrotask(() => taker.drawAnswered({ status: 'drawn', ...drawn(first) }));
  },
  register: async ({ token }) => ({ status: 'drawn', token, ...drawn(1) }),
  newToken: () => crypto.randomUUID(),
  retire: async () => {},
  seed: async () => {},
  confirm: async () => {},
};
const log: EventLog = {
  refusal: () => undefined,
  publish: (_, taker) => queueMicrotask(() => taker.published()),
  fence: async () => 0,
};
const store = {} as Store; // only used for idempotency keys that Redis has lost
const inside = httpApp({
  logger,
  registry,
  routes: ingestRoutes({ numbering, log, store, partitions: 1, logger, registry }),
});

const portOf = (app: AnyElysia): number => serve(app, { host: '127.0.0.1', port: 0 }).port;
const listening = await serveStandalone((request) => bare.fetch(request), {
  ...{ host: '127.0.0.1', port: 0, allowedHosts: '', requestTimeoutMs: 30_000, cors: undefined, logger },
});
console.log(JSON.stringify({ bare: portOf(bare), inside: portOf(inside), listener: listening.port }));
