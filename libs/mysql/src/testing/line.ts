import { TcpProxy } from '@parley/testing';

type Accepts = (statement: string) => boolean;

/** A TCP proxy to a server that a test can make fail, also at the reply to a certain statement. */
export class Line {
  readonly #proxy: TcpProxy;

  private constructor(
    /** The server's URL through the proxy. */
    readonly url: string,
    proxy: TcpProxy,
  ) {
    this.#proxy = proxy;
  }

  static async open(server: string): Promise<Line> {
    const { proxy, url } = await TcpProxy.open(server);
    return new Line(url, proxy);
  }

  /** Breaks all connections. New ones work. */
  cut(): void {
    this.#proxy.cut();
  }

  /** From now on no byte passes in either direction, as if the server's machine hung. */
  freeze(): void {
    this.#proxy.set({ swallow: true });
  }

  /** Breaks all connections, so frozen bytes are lost. New ones work. */
  thaw(): void {
    this.#proxy.set({ swallow: false });
    this.#proxy.cut();
  }

  /** Breaks the connection of the first statement that `is` accepts: it took effect, but no reply arrives. */
  cutAfter(is: Accepts): void {
    this.#atReplyTo(is, 'cut');
  }

  /**
   * Freezes all connections at the reply to the first statement that `is` accepts: it took effect, but no reply
   * arrives.
   */
  freezeAfter(is: Accepts): void {
    this.#atReplyTo(is, 'swallow');
  }

  close(): void {
    this.#proxy.close();
  }

  #atReplyTo(is: Accepts, verdict: 'cut' | 'swallow'): void {
    let asked: object | undefined;
    const inspect = (connection: object, from: 'client' | 'server', bytes: Buffer) => {
      if (from === 'client') {
        if (asked === undefined && is(bytes.toString())) asked = connection;
        return undefined;
      }
      if (connection !== asked || !endsAnAnswer(bytes)) return undefined;
      this.#proxy.set({ inspect: undefined });
      return verdict;
    };
    this.#proxy.set({ inspect });
  }
}

/** Whether these bytes end the server's reply: no result of another statement follows. */
function endsAnAnswer(bytes: Buffer): boolean {
  let last = bytes;
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUIntLE(at, 3);
    last = bytes.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  const MORE_FOLLOWS = 8;
  if (last[0] === 0xff) return true; // an error ends the reply
  if (last[0] !== 0) return false; // checks only replies that end with a change, such as COMMIT
  const status = 1 + lengthOfInteger(last[1]) + lengthOfInteger(last[1 + lengthOfInteger(last[1])]);
  return ((last[status] ?? MORE_FOLLOWS) & MORE_FOLLOWS) === 0;
}

/** How many bytes a length-encoded integer of MySQL takes, by its first byte. */
function lengthOfInteger(first = 0): number {
  return { 252: 3, 253: 4, 254: 9 }[first] ?? 1;
}
