import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { failure } from './failure.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

/** An echo server behind a proxy. */
let server: Server;
let proxy: TcpProxy;
let port: number;

const portOf = (listening: Server): number => (listening.address() as { port: number }).port;
const listening = (each: Server): Promise<void> => new Promise((resolve) => each.listen(0, '127.0.0.1', resolve));

beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await listening(server);
  const opened = await TcpProxy.open(`tcp://127.0.0.1:${portOf(server)}`);
  proxy = opened.proxy;
  port = Number(new URL(opened.url).port);
});
afterEach(() => {
  proxy.close();
  server.close();
});

async function connected(): Promise<{ socket: Socket; received: () => string; closed: Promise<void> }> {
  const socket = dial(port, '127.0.0.1');
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  await new Promise((resolve) => socket.on('connect', resolve));
  return { socket, received: () => text, closed };
}

test('nothing is lost and nothing overtakes, whatever the delay does meanwhile', async () => {
  const { socket, received } = await connected();
  let sent = '';
  for (let index = 0; index < 300; index += 1) {
    proxy.set({ delayMs: [0, 40, 3, 0, 20][Math.floor(index / 20) % 5] ?? 0 });
    socket.write(`${index} `);
    sent += `${index} `;
    await Bun.sleep(index % 3);
  }
  proxy.set({ delayMs: 0 });
  await until('all came back', () => received().length >= sent.length);
  expect(received()).toBe(sent);
});

test('a delay is at least as long as it is set, each way', async () => {
  proxy.set({ delayMs: 50 });
  const { socket, received } = await connected();
  const since = performance.now();
  socket.write('there and back');
  await until('it came back', () => received() === 'there and back');
  expect(performance.now() - since).toBeGreaterThanOrEqual(100);
});

test('a connection that lost something stays dead without being closed; a new one works', async () => {
  const old = await connected();
  old.socket.write('before ');
  await until('it came back', () => old.received() === 'before ');
  proxy.set({ swallow: true });
  old.socket.write('vanishes ');
  await Bun.sleep(50);
  proxy.set({ swallow: false });
  old.socket.write('too late');
  const fresh = await connected();
  fresh.socket.write('works');
  await until('the new one works', () => fresh.received() === 'works');
  expect(old.received()).toBe('before ');
  expect(old.socket.destroyed).toBe(false);
});

test('cut ends all connections, refuse accepts none', async () => {
  const first = await connected();
  proxy.cut();
  await first.closed;
  proxy.set({ refuse: true });
  const second = await connected();
  await second.closed;
  expect(second.received()).toBe('');
});

test.each(['client', 'server'] as const)(
  'what comes from the %s is held for some, and passed on in order',
  async (from) => {
    const [held, other] = [await connected(), await connected()];
    proxy.set({ hold: { clientPorts: [held.socket.localPort ?? 0], from } });
    held.socket.write('one ');
    await Bun.sleep(20);
    held.socket.write('two ');
    other.socket.write('passes');
    await until('the other passes', () => other.received() === 'passes');
    expect(held.received()).toBe('');
    proxy.set({ hold: undefined });
    held.socket.write('three');
    await until('all that was held came', () => held.received() === 'one two three');
  },
);

test('a port that is taken is refused', async () => {
  expect(String(await failure(TcpProxy.open('tcp://127.0.0.1:1', port)))).toContain('EADDRINUSE');
});

test('stalled, nothing passes until it goes on; muted, only what the server says; its bytes are counted', async () => {
  const { socket, received } = await connected();
  for (const stop of [() => proxy.stall(), () => proxy.mute()]) {
    const { answered } = proxy;
    const goOn = stop();
    socket.write('held ');
    const other = await connected();
    other.socket.write('also');
    await Bun.sleep(30);
    expect([proxy.answered, other.received()]).toEqual([answered, '']);
    goOn();
    await until('both came back', () => other.received() === 'also' && proxy.answered === answered + 9);
  }
  expect(received()).toBe('held held ');
});

test('refuse ends all connections and accepts none until it is over', async () => {
  const first = await connected();
  const allow = proxy.refuse();
  await first.closed;
  await (await connected()).closed;
  allow();
  const third = await connected();
  third.socket.write('works');
  await until('it works', () => third.received() === 'works');
});
