/**
 * Refuses new connections and leaves the existing ones alone, which Bun.serve cannot do. Its stop() also closes idle
 * connections, on which a load balancer may have sent a create a moment ago; and closing a listening socket resets
 * every connection in its accept queue. A create that is lost like this must not be sent again: it may be stored.
 *
 * Linux only, through a direct call of the C library. On other systems it throws, and the caller must do without.
 */
import { dlopen, ptr } from 'bun:ffi';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];
const LISTENING = '0A';
/** Established and half-open connections: the other end may already have sent a request on them. */
const OPEN = '01|03';

const SOL_SOCKET = 1;
const SO_BINDTOIFINDEX = 62;
const NO_INTERFACE = 0x7fffffff;

/**
 * Refuses new connections from now on, as if nothing listened on the port. Existing connections are still served, also
 * those in the accept queue and half-open ones. Throws if the system cannot do this.
 *
 * It binds the listening socket to a network interface that does not exist, so no packet that asks for a connection
 * reaches it. (Linux 5.7 or newer; needs no privilege.)
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

/** How many connections clients have open to a port. It may miss one if some open or close meanwhile. */
export function countConnections(port: number): number {
  const pattern = new RegExp(`^ *\\d+: [0-9A-F]+:${hexOf(port)} \\S+ (?:${OPEN}) `, 'gm');
  return TABLES.reduce((sum, table) => sum + (read(table).match(pattern)?.length ?? 0), 0);
}

/** The file descriptor with which this process listens on a port. Throws if there is none. */
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

/** A table of connections; empty if there is no such file: a system without IPv6 has no tcp6. */
function read(table: string): string {
  try {
    return readFileSync(table, 'latin1');
  } catch {
    return '';
  }
}

/** What a file descriptor refers to; empty if it is closed by now, such as the one that listed the folder. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
