import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of a server, that cuts or stalls its connections. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  /** Bytes that came from the server. */
  answered = 0;
  readonly #server: Server;
  #stalled = false;
  #refusing = false;

  private constructor(target: URL) {
    this.#server = createServer((client) => {
      if (this.#refusing) {
        client.destroy();
        return;
      }
      const server = dial(Number(target.port), target.hostname);
      this.#clients.add(client);
      client.on('close', () => this.#clients.delete(client));
      server.on('data', ({ length }) => {
        this.answered += length;
      });
      this.#join(client, server);
      this.#join(server, client);
    });
  }

  /** The proxy and the URL that leads through it. */
  static async open(url: string): Promise<{ proxy: TcpProxy; url: string }> {
    const through = new URL(url);
    const proxy = new TcpProxy(new URL(url));
    const { promise, resolve } = Promise.withResolvers<void>();
    proxy.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    const address = proxy.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    through.port = String(address.port);
    return { proxy, url: through.href };
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends all connections and takes none until the answered function is called. */
  refuse(): () => void {
    this.#refusing = true;
    this.cut();
    return () => {
      this.#refusing = false;
    };
  }

  /** Keeps all bytes to itself until the answered function is called. */
  stall(): () => void {
    this.#stalled = true;
    for (const socket of this.#sockets) socket.pause();
    return () => {
      this.#stalled = false;
      for (const socket of this.#sockets) socket.resume();
    };
  }

  /** Keeps what the clients send to itself, until the answered function is called; the server is heard meanwhile. */
  mute(): () => void {
    for (const client of this.#clients) client.pause();
    return () => {
      for (const client of this.#clients) client.resume();
    };
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (bytes) => to.write(bytes));
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#stalled) from.pause();
  }
}
