import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** What a proxy does to its connections. All of it can be changed while connections are open. */
export interface ProxyBehaviour {
  /** The port, on the server's host, to which new connections lead. */
  readonly targetPort: number;
  /** How many milliseconds bytes are held back in each direction. */
  readonly delayMs: number;
  /** If true, new connections are closed at once. */
  readonly refuse: boolean;
  /**
   * Drops bytes in both directions without an error, like a router that has forgotten the connection. A connection that
   * has lost bytes stays dead, whatever is set later; its client is not told if the server closes it.
   */
  readonly swallow: boolean;
  /** How often a second each connection is cut, on average. */
  readonly cutsPerSecond: number;
  /** Holds back bytes of the connections that it describes, until `hold` is set to something else. */
  readonly hold: Hold | undefined;
  /** Called with all bytes before they pass. `cut` ends their connection; `swallow` sets that option. */
  readonly inspect: Inspect | undefined;
}

/** `connection` identifies the connection of the bytes: it is the same object for all of them. */
export type Inspect = (connection: object, from: 'client' | 'server', bytes: Buffer) => 'cut' | 'swallow' | undefined;

export interface Hold {
  /** The local ports of the clients whose bytes are held back; by default all. */
  readonly clientPorts?: readonly number[];
  /** Whose bytes are held back; by default both sides'. */
  readonly from?: 'client' | 'server';
}

const CUT_EVERY_MS = 100;

interface Joined {
  readonly client: Socket;
  readonly server: Socket;
  readonly clientPort: number;
  dead: boolean;
}

/** A TCP proxy in front of a server. It can lose, delay, hold back and refuse what passes through it. */
export class TcpProxy {
  /** The number of bytes that the server has sent, on all connections. */
  answered = 0;
  readonly #host: string;
  readonly #joined = new Set<Joined>();
  readonly #server: Server;
  readonly #cutting: Timer;
  #behaviour: ProxyBehaviour;

  private constructor(target: URL) {
    this.#host = target.hostname;
    this.#behaviour = {
      targetPort: Number(target.port),
      delayMs: 0,
      refuse: false,
      swallow: false,
      cutsPerSecond: 0,
      hold: undefined,
      inspect: undefined,
    };
    this.#server = createServer((client) => this.#join(client));
    this.#cutting = setInterval(() => this.#cutSome(), CUT_EVERY_MS);
  }

  /** Listens on loopback, on any free port by default. Resolves with the proxy and the URL that leads through it. */
  static async open(target: string, wantedPort = 0): Promise<{ proxy: TcpProxy; url: string }> {
    const through = new URL(target);
    const proxy = new TcpProxy(new URL(target));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    proxy.#server.once('error', reject).listen(wantedPort, '127.0.0.1', resolve);
    await promise;
    const address = proxy.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    through.hostname = '127.0.0.1';
    through.port = String(address.port);
    return { proxy, url: through.href };
  }

  set(change: Partial<ProxyBehaviour>): void {
    this.#behaviour = { ...this.#behaviour, ...change };
    if (!('hold' in change)) return;
    for (const each of this.#joined) for (const from of [each.client, each.server]) this.#flow(each, from);
  }

  cut(): void {
    for (const each of this.#joined) this.#end(each);
  }

  /** Ends all connections and closes new ones at once, until the returned function is called. */
  refuse(): () => void {
    this.set({ refuse: true });
    this.cut();
    return () => this.set({ refuse: false });
  }

  /** Holds back all bytes until the returned function is called. */
  stall(): () => void {
    this.set({ hold: {} });
    return () => this.set({ hold: undefined });
  }

  /** Holds back what clients send until the returned function is called; bytes from the server still pass. */
  mute(): () => void {
    this.set({ hold: { from: 'client' } });
    return () => this.set({ hold: undefined });
  }

  close(): void {
    clearInterval(this.#cutting);
    this.#server.close();
    this.cut();
  }

  #join(client: Socket): void {
    if (this.#behaviour.refuse) {
      client.destroy();
      return;
    }
    const server = dial(this.#behaviour.targetPort, this.#host);
    const joined: Joined = { client, server, clientPort: client.remotePort ?? 0, dead: false };
    this.#joined.add(joined);
    this.#forward(joined, client, server);
    this.#forward(joined, server, client);
  }

  #forward(joined: Joined, from: Socket, to: Socket): void {
    from.setNoDelay(true);
    const delayed: Buffer[] = [];
    let lastDueAt = 0;
    const pass = (next: Buffer | undefined) => {
      if (next !== undefined && !to.destroyed && !to.write(next)) from.pause();
    };
    from.on('data', (bytes: Buffer) => {
      const side = from === joined.server ? 'server' : 'client';
      if (side === 'server') this.answered += bytes.length;
      const verdict = this.#behaviour.inspect?.(joined, side, bytes);
      if (verdict === 'cut') return this.#end(joined);
      if (verdict === 'swallow') this.set({ swallow: true });
      if (this.#behaviour.swallow) joined.dead = true;
      if (joined.dead) return;
      const now = performance.now();
      // Bytes never pass before earlier ones, even if the delay was shortened since.
      lastDueAt = Math.max(lastDueAt, now + this.#behaviour.delayMs);
      if (lastDueAt <= now && delayed.length === 0) {
        pass(bytes);
        return;
      }
      delayed.push(bytes);
      // Each timer passes on the oldest bytes: timers of different lengths do not fire in the order of their due times.
      setTimeout(() => pass(delayed.shift()), lastDueAt - now);
    });
    to.on('drain', () => this.#flow(joined, from));
    from.on('error', () => {});
    // If the connection is dead, the client does not learn that the server has closed it.
    from.on('close', () => {
      if (!joined.dead || from === joined.client) this.#end(joined);
    });
    this.#flow(joined, from);
  }

  /**
   * Stops reading while bytes are held back: they stay in the socket, in order. Their sender slows down as with a peer
   * that does not read.
   */
  #flow({ client, clientPort }: Joined, from: Socket): void {
    const { hold } = this.#behaviour;
    const side = from === client ? 'client' : 'server';
    const isHeld =
      hold !== undefined && (hold.from ?? side) === side && (hold.clientPorts?.includes(clientPort) ?? true);
    if (isHeld) from.pause();
    else from.resume();
  }

  #end(joined: Joined): void {
    this.#joined.delete(joined);
    joined.client.destroy();
    joined.server.destroy();
  }

  #cutSome(): void {
    const chance = (this.#behaviour.cutsPerSecond * CUT_EVERY_MS) / 1_000;
    for (const each of this.#joined) if (Math.random() < chance) this.#end(each);
  }
}
