import type { Socket } from 'bun';

/** A TCP line to a server that can be made to fail: `url` leads through it. */
export interface Line {
  readonly url: string;
  /** Breaks every connection off; new ones are taken. */
  cut(): void;
  /** From now on nothing passes, in any direction, as where the server's machine stands still. */
  freeze(): void;
  /** Lets pass again what comes; what was frozen is lost, its connections with it. */
  thaw(): void;
  /** Breaks the connection off once the first statement of which `is` holds is answered: done, but nobody hears. */
  cutAfter(is: (statement: string) => boolean): void;
  /** Freezes once the first statement of which `is` holds is answered: done, but nothing follows. */
  freezeAfter(is: (statement: string) => boolean): void;
  close(): void;
}

type Peer = { other: Socket<Peer> | undefined; early: Buffer[]; heard: 'cut' | 'freeze' | undefined };

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
    client.data = { other: undefined, early: [], heard: undefined };
    clients.add(client);
    if (frozen) return;
    const upstream = await Bun.connect<Peer>({
      hostname: target.hostname,
      port: Number(target.port),
      socket: {
        data: (_, bytes) => {
          if (frozen) return;
          if (client.data.heard === undefined) client.write(bytes);
          else if (endsAnAnswer(bytes)) {
            if (client.data.heard === 'cut') client.terminate();
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
          client.data.heard = 'cut';
        },
      };
    },
    freezeAfter: (is) => {
      trap = {
        is,
        spring: (client) => {
          client.data.heard = 'freeze';
        },
      };
    },
    close: () => {
      cut();
      listener.stop(true);
    },
  };
}

/** Whether the last packet of what the server sends says that no other answer follows. */
function endsAnAnswer(bytes: Buffer): boolean {
  let last = bytes;
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUIntLE(at, 3);
    last = bytes.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  const MORE_FOLLOWS = 8;
  if (last[0] === 0xff) return true; // an error ends all
  if (last[0] !== 0) return false; // only what ends with a change, as a COMMIT, is looked at
  const status = 1 + lengthOfInteger(last[1]) + lengthOfInteger(last[1 + lengthOfInteger(last[1])]);
  return ((last[status] ?? MORE_FOLLOWS) & MORE_FOLLOWS) === 0;
}

/** Bytes that MySQL's length-encoded integer takes. */
function lengthOfInteger(first = 0): number {
  return { 252: 3, 253: 4, 254: 9 }[first] ?? 1;
}
