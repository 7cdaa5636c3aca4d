import { readFileSync } from 'node:fs';
import type { TCPSocketListener } from 'bun';
import { Admission } from './admission.ts';
import { Connection, type ConnectionSocket, FULL } from './connection.ts';
import type { Refusal } from './request-head.ts';
import type { Limits, Shared } from './shared.ts';

export interface ListenerOptions extends Pick<Shared, 'check' | 'isLong' | 'serve' | 'refuse'> {
  /** A socket listens on each host, all on the same port. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly limits: ListenerLimits;
}

export interface ListenerLimits extends Limits {
  readonly connectionsMax: number;
  /**
   * Bytes over all connections: `unsentBytesMax` of answers not yet sent, `heldBytesMax` of requests not yet answered.
   */
  readonly unsentBytesMax: number;
  readonly heldBytesMax: number;
}

/** The error if a host or port cannot be used. Its message is for the person who starts the program. */
class CannotListen extends Error {
  override readonly name = 'CannotListen';
  constructor(hostname: string, port: number, cause: unknown) {
    super(`Cannot listen on ${hostname}, port ${port}: is the port in use? (${(cause as { code?: string }).code})`, {
      cause,
    });
  }
}

const SWEEP_MS = 250;
/**
 * How long a request waits for memory before it is refused. A client that does not read its answer is cut off sooner.
 */
const ADMISSION_MS = 2_000;
const STALLED_WHILE_FULL_MS = 1_000;
const CLOSED_POLL_MS = 20;
/** The connections leave this many file descriptors to the process's own files and sockets. */
const DESCRIPTORS_KEPT = 128;
const TOO_MANY: Refusal = { status: 503, detail: 'Too many connections are open.', headers: { 'retry-after': '1' } };

/** An HTTP/1.1 server on TCP sockets. It limits time and bytes of everything that a client can keep open. */
export class Listener {
  readonly port: number;
  readonly #sockets: TCPSocketListener<{ connection: Connection }>[] = [];
  readonly #connections = new Set<Connection>();
  readonly #shared: Shared;
  readonly #connectionsMax: number;
  readonly #heldBytesMax: number;
  readonly #sweeping: Timer;
  #heldBytes = 0;

  /** Throws if the port is taken, or if it cannot listen on the first host. */
  constructor({ hosts, port, limits, ...application }: ListenerOptions) {
    this.#connectionsMax = Math.min(limits.connectionsMax, descriptorsMax() - DESCRIPTORS_KEPT);
    this.#heldBytesMax = limits.heldBytesMax;
    const admission = new Admission({ unsentBytesMax: limits.unsentBytesMax, waitMs: ADMISSION_MS });
    const held = (bytes: number) => this.#held(bytes);
    this.#shared = { ...application, admission, limits, held, draining: false };
    this.port = this.#listen(hosts, port);
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** From now on each answer closes its connection. */
  drain(): void {
    this.#shared.draining = true;
  }

  /** Refuses new connections, waits at most `graceMs` for requests in flight, then closes all connections. */
  async stop(graceMs: number): Promise<void> {
    this.drain();
    for (const socket of this.#sockets) socket.stop();
    for (const connection of this.#connections) if (connection.idle) connection.finish();
    const until = performance.now() + graceMs;
    while (this.#connections.size > 0 && performance.now() < until) await Bun.sleep(CLOSED_POLL_MS);
    clearInterval(this.#sweeping);
    for (const connection of this.#connections) connection.finish();
  }

  #listen(hosts: readonly string[], port: number): number {
    let bound = port;
    for (const [index, hostname] of hosts.entries()) {
      try {
        const socket = this.#open(hostname, bound);
        this.#sockets.push(socket);
        bound = socket.port;
      } catch (error) {
        // Without IPv6 there is no ::1. Only the first host is required.
        if (index > 0 && (error as { code?: string }).code !== 'EADDRINUSE') continue;
        for (const socket of this.#sockets) socket.stop(true);
        throw new CannotListen(hostname, bound, error);
      }
    }
    return bound;
  }

  #open(hostname: string, port: number) {
    return Bun.listen<{ connection: Connection }>({
      hostname,
      port,
      allowHalfOpen: true, // a client may close its sending side after its last request and wait for the answer
      socket: {
        open: (socket) => this.#accept(socket),
        data: ({ data }, chunk) => data.connection.received(chunk),
        drain: ({ data }) => data.connection.drained(),
        end: ({ data }) => data.connection.ended(),
        close: ({ data }) => this.#closed(data.connection),
        error: ({ data }) => data.connection.abort(),
      },
    });
  }

  #accept(socket: ConnectionSocket): void {
    const connection = new Connection(socket, this.#shared);
    socket.data = { connection };
    if (this.#connections.size >= this.#connectionsMax) {
      const spare = most(this.#connections, ({ spareMs }) => spareMs);
      if (spare !== undefined) spare.finish();
      else connection.refuse(TOO_MANY);
    }
    this.#connections.add(connection);
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    connection.abort();
  }

  /**
   * Counts bytes of requests. If all connections together hold too many, the one that has held most for longest drops
   * its own.
   */
  #held(bytes: number): void {
    this.#heldBytes += bytes;
    if (bytes < 0 || this.#heldBytes <= this.#heldBytesMax) return;
    most(this.#connections, ({ hoarded }) => hoarded)?.relieve(FULL);
  }

  #sweep(): void {
    const now = performance.now();
    const { admission } = this.#shared;
    const stalled: [ms: number, Connection][] = [];
    for (const connection of this.#connections) {
      connection.sweep(now);
      const ms = connection.stalledMs(now);
      if (ms !== undefined && ms > STALLED_WHILE_FULL_MS) stalled.push([ms, connection]);
    }
    stalled.sort(([one], [other]) => other - one);
    for (const [, connection] of stalled) {
      if (!admission.blocked) break;
      connection.abort();
    }
    admission.sweep(now);
  }
}

/** The connection with the highest `figureOf`; undefined if none has a figure. */
function most(
  connections: ReadonlySet<Connection>,
  figureOf: (connection: Connection) => number | undefined,
): Connection | undefined {
  let found: Connection | undefined;
  let highest = 0;
  for (const connection of connections) {
    const figure = figureOf(connection);
    if (figure === undefined || figure < highest) continue;
    found = connection;
    highest = figure;
  }
  return found;
}

/** How many files and sockets the process may have open; infinite if unknown. */
function descriptorsMax(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return Number(limit?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
