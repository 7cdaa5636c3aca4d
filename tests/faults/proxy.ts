/** A TCP proxy before a server, that can lose, delay and refuse what goes through it. */
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** What a proxy does to its connections; all of it can be changed while they live. */
export interface ProxyBehaviour {
  /** Where new connections lead: a port on loopback. */
  readonly targetPort: number;
  /** Each way. */
  readonly delayMs: number;
  /** New connections are closed at once. */
  readonly refuse: boolean;
  /**
   * Bytes vanish without a word, both ways, as behind a router that has forgotten the connection. One that has lost
   * bytes stays dead for good, whatever is set later; its ends do not learn it.
   */
  readonly swallow: boolean;
  /** The chance, each second, that a connection is cut. */
  readonly cutsPerSecond: number;
  /** What these clients send, or are sent, waits in the proxy until this is set to something else. */
  readonly hold: { readonly clientPorts: readonly number[]; readonly from: 'client' | 'server' } | undefined;
}

const CUT_EVERY_MS = 100;

interface Joined {
  readonly client: Socket;
  readonly server: Socket;
  readonly clientPort: number;
  dead: boolean;
  /** Passes on what was held, each way. */
  readonly release: (() => void)[];
}

export class TcpProxy {
  readonly #joined = new Set<Joined>();
  readonly #server: Server;
  readonly #cutting: Timer;
  #behaviour: ProxyBehaviour;

  constructor(
    readonly port: number,
    targetPort: number,
  ) {
    this.#behaviour = { targetPort, delayMs: 0, refuse: false, swallow: false, cutsPerSecond: 0, hold: undefined };
    this.#server = createServer((client) => this.#join(client)).listen(port, '127.0.0.1');
    this.#cutting = setInterval(() => this.#cutSome(), CUT_EVERY_MS);
  }

  set(change: Partial<ProxyBehaviour>): void {
    this.#behaviour = { ...this.#behaviour, ...change };
    if (!('hold' in change)) return;
    for (const { release } of this.#joined) for (const passOn of release) passOn();
  }

  /** Ends all connections. */
  cut(): void {
    for (const each of this.#joined) this.#end(each);
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
    const joined: Joined = {
      client,
      server: dial(this.#behaviour.targetPort, '127.0.0.1'),
      clientPort: client.remotePort ?? 0,
      dead: false,
      release: [],
    };
    this.#joined.add(joined);
    this.#forward(joined, client, joined.server);
    this.#forward(joined, joined.server, client);
  }

  #forward(joined: Joined, from: Socket, to: Socket): void {
    from.setNoDelay(true);
    const delayed: Buffer[] = [];
    const held: Buffer[] = [];
    let lastDueAt = 0;
    joined.release.push(() => {
      if (this.#isHeld(joined, from)) return;
      for (const bytes of held.splice(0)) if (!to.destroyed) to.write(bytes);
    });
    from.on('data', (bytes: Buffer) => {
      if (this.#behaviour.swallow) joined.dead = true;
      if (joined.dead) return;
      if (this.#isHeld(joined, from)) {
        held.push(bytes);
        return;
      }
      const pass = (next: Buffer | undefined) => {
        if (next !== undefined && !to.destroyed && !to.write(next)) from.pause();
      };
      const now = performance.now();
      // Not before what came earlier, also when the delay has become shorter since.
      lastDueAt = Math.max(lastDueAt, now + this.#behaviour.delayMs);
      if (lastDueAt <= now && delayed.length === 0) {
        pass(bytes);
        return;
      }
      delayed.push(bytes);
      // Each timer passes the first that waits: timers of different lengths do not fire in the order of their times.
      setTimeout(() => pass(delayed.shift()), lastDueAt - now);
    });
    to.on('drain', () => from.resume());
    from.on('error', () => {});
    // Of a dead connection neither end learns what became of the other.
    from.on('close', () => {
      if (!joined.dead || from === joined.client) this.#end(joined);
    });
  }

  #isHeld(joined: Joined, from: Socket): boolean {
    const { hold } = this.#behaviour;
    if (hold === undefined || from !== joined[hold.from]) return false;
    return hold.clientPorts.includes(joined.clientPort);
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
