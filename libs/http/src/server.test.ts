import { afterEach, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import { Elysia } from 'elysia';
import { type HttpServer, serve } from './server.ts';

const LONG_MS = 10_000;
const app = new Elysia().post('/', () => 'done').post('/slow', () => Bun.sleep(300).then(() => 'done late'));
let server: Required<HttpServer>;
const start = () => {
  server = serve(app, { host: '127.0.0.1', port: 0 });
  return server;
};
afterEach(() => server.stop(0));

/** A client's connection that is kept open, as a load balancer does. */
class Peer {
  static async connect(port: number): Promise<Peer> {
    const peer = new Peer();
    const socket = {
      data: (_: unknown, bytes: Buffer) => peer.#answered(bytes.toString()),
      close: () => peer.#end(),
      error: () => peer.#end(),
    };
    peer.#socket = await Bun.connect({ hostname: '127.0.0.1', port, socket });
    return peer;
  }

  readonly closed: Promise<void>;
  #socket: Bun.Socket | undefined;
  #answered: (text: string) => void = () => {};
  #end: () => void = () => {};

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#end = () => {
        resolve();
        this.#answered('');
      };
    });
  }

  /** Sends a POST. Resolves with the answer; with '' if the connection is closed instead. */
  post(path: string): Promise<string> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket?.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`);
    });
  }

  close(): void {
    this.#socket?.end();
  }
}

const refusal = (port: number) =>
  Peer.connect(port).then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  );

test('during the leave an idle connection stays open: its next request is answered, then it closes', async () => {
  const { port, drain, leave } = start();
  const peer = await Peer.connect(port);
  expect(await peer.post('/')).not.toContain('Connection: close');
  drain();
  const left = leave(LONG_MS);
  await Bun.sleep(250);
  const answer = await peer.post('/');
  expect(answer).toContain('200 OK');
  expect(answer.toLowerCase()).toContain('connection: close');
  await peer.closed;
  await left;
});

test('a connection on which nothing was sent yet is served, a new one is refused at once', async () => {
  const { port, drain, leave } = start();
  const early = await Promise.all(Array.from({ length: 50 }, () => Peer.connect(port)));
  drain();
  const left = leave(LONG_MS);
  expect(await refusal(port)).toBe('ECONNREFUSED');
  for (const peer of early) expect(await peer.post('/')).toContain('200 OK');
  await left;
});

test('connections that arrive while it begins to leave are refused or served, none is cut', async () => {
  for (let round = 0; round < 10; round += 1) {
    const { port, drain, leave, stop } = start();
    const outcomes: string[] = [];
    let left = false;
    const hammer = async () => {
      while (!left) {
        const peer = await Peer.connect(port).catch(() => undefined);
        if (peer === undefined) return;
        outcomes.push((await peer.post('/')).slice(0, 15));
        peer.close();
      }
    };
    const hammers = Array.from({ length: 20 }, hammer);
    await until('forty came through', () => outcomes.length >= 40);
    drain();
    await leave(LONG_MS);
    left = true;
    await Promise.all(hammers);
    await stop(0);
    expect(new Set(outcomes)).toEqual(new Set(['HTTP/1.1 200 OK']));
  }
}, 30_000);

test('it waits for idle connections no longer than lingerMs, and answers requests under way', async () => {
  const { port, drain, leave, stop } = start();
  const idle = await Peer.connect(port);
  await idle.post('/');
  const busy = await Peer.connect(port);
  const answer = busy.post('/slow');
  drain();
  const startedAt = performance.now();
  await leave(200);
  expect(performance.now() - startedAt).toBeWithin(190, 1_000);
  await stop(LONG_MS);
  expect(await answer).toContain('done late');
  await idle.closed;
});

test('it ends as soon as the clients have closed their connections', async () => {
  const { port, drain, leave } = start();
  const peers = await Promise.all(Array.from({ length: 5 }, () => Peer.connect(port)));
  for (const peer of peers) await peer.post('/');
  drain();
  const left = leave(LONG_MS);
  const startedAt = performance.now();
  for (const peer of peers) peer.close();
  await left;
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('several share a port only where each of them says so, and then each gets some of the connections', async () => {
  const { port } = start();
  expect(() => serve(app, { host: '127.0.0.1', port })).toThrow();
  const named = (name: string, shared: number) =>
    serve(
      new Elysia().post('/', () => name),
      { host: '127.0.0.1', port: shared, reusePort: true },
    );
  const first = named('first', 0);
  const second = named('second', first.port);
  const answers = new Set<string>();
  for (let tries = 0; answers.size < 2 && tries < 500; tries += 1) {
    const peer = await Peer.connect(first.port);
    answers.add((await peer.post('/')).split('\r\n\r\n')[1] ?? '');
    peer.close();
  }
  await Promise.all([first.stop(0), second.stop(0)]);
  expect([...answers].sort()).toEqual(['first', 'second']);
});
