import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { TcpProxy } from './proxy.ts';

/** An echo behind a proxy. */
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
  const free = createServer();
  await listening(free);
  port = portOf(free);
  await new Promise((resolve) => free.close(resolve));
  proxy = new TcpProxy(port, portOf(server));
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

async function eventually(check: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!check()) {
    if (performance.now() > deadline) throw new Error('not in time');
    await Bun.sleep(5);
  }
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
  await eventually(() => received().length >= sent.length);
  expect(received()).toBe(sent);
});

test('a delay is at least as long as it is set, each way', async () => {
  proxy.set({ delayMs: 50 });
  const { socket, received } = await connected();
  const since = performance.now();
  socket.write('there and back');
  await eventually(() => received() === 'there and back');
  expect(performance.now() - since).toBeGreaterThanOrEqual(100);
});

test('a connection that lost something stays dead without being closed; a new one works', async () => {
  const old = await connected();
  old.socket.write('before ');
  await eventually(() => old.received() === 'before ');
  proxy.set({ swallow: true });
  old.socket.write('vanishes ');
  await Bun.sleep(50);
  proxy.set({ swallow: false });
  old.socket.write('too late');
  const fresh = await connected();
  fresh.socket.write('works');
  await eventually(() => fresh.received() === 'works');
  expect(old.received()).toBe('before ');
  expect(old.socket.destroyed).toBe(false);
});

test('cut ends what there is, refuse lets nothing in', async () => {
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
    await eventually(() => other.received() === 'passes');
    expect(held.received()).toBe('');
    proxy.set({ hold: undefined });
    held.socket.write('three');
    await eventually(() => held.received() === 'one two three');
  },
);
