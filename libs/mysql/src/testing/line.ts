import type { Socket } from 'bun';

/** A TCP proxy to a server that a test can make fail. `url` is the proxy's address. */
export interface Line {
  readonly url: string;
  /** Breaks all connections. New ones work. */
  cut(): void;
  /** From now on no byte passes in either direction, as if the server's machine hung. */
  freeze(): void;
  /** Lets new bytes pass. Frozen bytes and their connections are lost. */
  thaw(): void;
  /**
   * Breaks the connection at the reply to the first statement that `is` accepts: it took effect, but no reply arrives.
   */
  cutAfter(is: (statement: string) => boolean): void;
  /** Freezes at the reply to the first statement that `is` accepts: it took effect, but no reply arrives. */
  freezeAfter(is: (statement: string) => boolean): void;
  close(): void;
}

type Peer = { other: Socket<Peer> | undefined; early: Buffer[]; replyTrap: 'cut' | 'freeze' | undefined };

export async function openLine(server: string): Promise<Line> {
  const target = new URL(server);
  let frozen = false;
  let trap: { is: (statement: string) => boolean; spring: (client: Socket<Peer>) => void } | undefined;
  const clients = new Set<Socket<Peer>>();

  const listener = Bun.listen<Peer>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open: (client) => void connectOn(client),
      data: (client, bytes) => {
        if (frozen) return;
        if (client.data.other === undefined) client.data.early.push(Buffer.from(bytes));
        else client.data.other.write(bytes);
        if (!trap?.is(Buffer.from(bytes).toString())) return;
        const { spring } = trap;
        trap = undefined;
        spring(client);
      },
      close: (client) => {
        clients.delete(client);
        client.data?.other?.end();
      },
    },
  });

  async function connectOn(client: Socket<Peer>): Promise<void> {
    client.data = { other: undefined, early: [], replyTrap: undefined };
    clients.add(client);
    if (frozen) return;
    const upstream = await Bun.connect<Peer>({
      hostname: target.hostname,
      port: Number(target.port),
      socket: {
        data: (_, bytes) => {
          if (frozen) return;
          if (client.data.replyTrap === undefined) client.write(bytes);
          else if (endsAnAnswer(bytes)) {
            if (client.data.replyTrap === 'cut') client.terminate();
            else frozen = true;
          }
        },
        close: () => void client.end(),
      },
    });
    client.data.other = upstream;
    for (const bytes of client.data.early.splice(0)) upstream.write(bytes);
  }

  const cut = () => {
    for (const client of [...clients]) client.terminate();
  };
  const url = new URL(server);
  url.hostname = '127.0.0.1';
  url.port = String(listener.port);
  return {
    url: url.href,
    cut,
    freeze: () => {
      frozen = true;
    },
    thaw: () => {
      frozen = false;
      cut();
    },
    cutAfter: (is) => {
      trap = {
        is,
        spring: (client) => {
          client.data.replyTrap = 'cut';
        },
      };
    },
    freezeAfter: (is) => {
      trap = {
        is,
        spring: (client) => {
          client.data.replyTrap = 'freeze';
        },
      };
    },
    close: () => {
      cut();
      listener.stop(true);
    },
  };
}

/** Whether the last packet of these bytes says that no other reply follows. */
function endsAnAnswer(bytes: Buffer): boolean {
  let last = bytes;
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUIntLE(at, 3);
    last = bytes.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  const MORE_FOLLOWS = 8;
  if (last[0] === 0xff) return true; // an error ends all
  if (last[0] !== 0) return false; // checks only replies that end with a change, such as COMMIT
  const status = 1 + lengthOfInteger(last[1]) + lengthOfInteger(last[1 + lengthOfInteger(last[1])]);
  return ((last[status] ?? MORE_FOLLOWS) & MORE_FOLLOWS) === 0;
}

/** How many bytes a length-encoded integer of MySQL takes. */
function lengthOfInteger(first = 0): number {
  return { 252: 3, 253: 4, 254: 9 }[first] ?? 1;
}
