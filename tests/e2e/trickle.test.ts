import { beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';

const TRICKLING = 500;
/** When all trickled requests must be refused: systems under test wait five seconds for a request, busy ones longer. */
const REFUSED_WITHIN_MS = 20_000;
const BYTE_EVERY_MS = 500;
const USUAL_WITHIN_MS = 3_000;

/** Clients that send a request byte by byte and never finish it. */
describe('trickling clients', () => {
  let client: Client;
  let chat: string;
  beforeAll(async () => {
    client = await e2e();
    chat = await client.chat();
  });

  /** Sends `begun`, then a byte every half second. Returns all that the server sent before it closed the connection. */
  async function trickle(begun: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    let received = '';
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: Number(new URL(client.url).port),
      socket: {
        open: (own) => void own.write(begun),
        data: (_, chunk) => {
          received += chunk.toString();
        },
        end: (own) => void own.end(),
        close: () => resolve(received),
        error: () => resolve(received),
      },
    });
    const timer = setInterval(() => socket.write('x'), BYTE_EVERY_MS);
    return promise.finally(() => clearInterval(timer));
  }

  test('500 bodies that never end are refused with 408, and normal requests succeed meanwhile', async () => {
    const fields = 'Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n';
    const begun = performance.now();
    const refused = Promise.all(
      Array.from({ length: TRICKLING }, () =>
        trickle(`POST ${chat}/messages HTTP/1.1\r\n${fields}{"message_content":"`),
      ),
    ).then((answers) => ({ answers, after: performance.now() - begun }));
    let usual = 0;
    for (let over = false; !over; usual += 1) {
      const sent = performance.now();
      expect((await client.post(`${chat}/messages`, { message_content: 'usual' })).status).toBe(201);
      expect((await client.get(`${chat}/messages?limit=1`)).status).toBe(200);
      expect(performance.now() - sent).toBeLessThan(USUAL_WITHIN_MS);
      over = await Promise.race([refused.then(() => true), Bun.sleep(50).then(() => false)]);
      expect(performance.now() - begun, 'all are refused').toBeLessThan(REFUSED_WITHIN_MS);
    }
    const { answers, after } = await refused;
    expect(answers.filter((answer) => !answer.startsWith('HTTP/1.1 408 '))).toEqual([]);
    expect(answers.every((answer) => answer.includes('application/problem+json'))).toBe(true);
    expect(after).toBeGreaterThan(4_000);
    expect(usual).toBeGreaterThan(10);
  }, 60_000);

  test('connections with heads that never end are refused or closed within 20 seconds', async () => {
    const begun = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => trickle('GET / HTTP/1.1\r\nHost: localhost\r\nX: ')));
    expect(performance.now() - begun).toBeLessThan(REFUSED_WITHIN_MS);
  }, 60_000);
});
