import { dlopen, ptr } from 'bun:ffi';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * What Bun.serve cannot do with its listening socket: refuse new connections and nothing else. Its stop() also closes
 * idle connections, on which a load balancer may have sent a create a moment ago, and closing a listening socket resets
 * every connection that waits in its queue. Both are requests that nobody may send again.
 *
 * Linux only, and a call of the C library by hand: where that cannot be, the caller has to do without.
 */
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];
const LISTENING = '0A';
/** Established, and on its way there: what the other end may have sent a request on. */
const OPEN = '01|03';

const SOL_SOCKET = 1;
const SO_BINDTOIFINDEX = 62;
const NO_INTERFACE = 0x7fffffff;

/**
 * Lets new connections be refused from now on, as if nobody listened. Connections that there are, those in the queue and
 * those half made included, are served as before. Throws where the system does not offer that.
 *
 * The socket is bound to a network interface that does not exist, so that no packet asking for a connection finds it.
 * (Kernel 5.7 and newer; no privilege is needed.)
 */
export function refuseConnections(port: number): void {
  const libc = dlopen('libc.so.6', {
    setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
  });
  const index = new Int32Array([NO_INTERFACE]);
  const status = libc.symbols.setsockopt(listeningSocket(port), SOL_SOCKET, SO_BINDTOIFINDEX, ptr(index), 4);
  libc.close();
  if (status !== 0) throw new Error('the system does not let a listening socket refuse connections');
}

/** How many connections others hold open to a port; of a reading while they change, one may be missing. */
export function countConnections(port: number): number {
  const pattern = new RegExp(`^ *\\d+: [0-9A-F]+:${hexOf(port)} \\S+ (?:${OPEN}) `, 'gm');
  return TABLES.reduce((sum, table) => sum + (read(table).match(pattern)?.length ?? 0), 0);
}

/** The file descriptor with which this process listens on a port. */
function listeningSocket(port: number): number {
  const pattern = new RegExp(`^ *\\d+: [0-9A-F]+:${hexOf(port)} \\S+ ${LISTENING} (?:\\S+ +){5}(\\d+)`, 'gm');
  const targets = new Set(
    TABLES.flatMap((table) => [...read(table).matchAll(pattern)].map(([, inode]) => `socket:[${inode}]`)),
  );
  const found = readdirSync('/proc/self/fd').find((fd) => targets.has(linkOf(fd)));
  if (found === undefined) throw new Error(`nothing listens on port ${port}`);
  return Number(found);
}

function hexOf(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** Empty where there is no such table: a system without IPv6. */
function read(table: string): string {
  try {
    return readFileSync(table, 'latin1');
  } catch {
    return '';
  }
}

/** Empty for what was closed in between, such as the descriptor that the folder was read with. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
