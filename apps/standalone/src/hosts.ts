import { lookup } from 'node:dns/promises';

/** Which addresses the standalone listens on, and which names it may be called by. */

/** As URLs write addresses: an IPv4 address within IPv6 is in hexadecimal there. */
const LOOPBACK_ADDRESS = /^(?:127\.|\[::1\]$|\[::ffff:7f)/;
const LABEL = '[a-z0-9_-]+';
const LOOPBACK_NAME = new RegExp(`^(?:(?:${LABEL}\\.)*localhost|127(?:\\.[0-9]{1,3}){3}|\\[::1\\])$`);
const SUBDOMAINS = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/** `localhost` is both of its addresses: clients try either first. */
export function listeningHosts(host: string): readonly string[] {
  return host.toLowerCase() === 'localhost' ? ['127.0.0.1', '::1'] : [host];
}

/** Whether nothing but this machine reaches a host, however it is written. */
export async function isLoopback(host: string): Promise<boolean> {
  const addresses = await lookup(host, { all: true });
  return addresses.every(({ address, family }) => {
    const { hostname } = new URL(`http://${family === 6 ? `[${address}]` : address}`);
    return LOOPBACK_ADDRESS.test(hostname);
  });
}

/**
 * Whether a request for a host is answered. Names may begin with `*.`. Without a list everybody is, but on loopback only
 * whoever calls it so: a page of the internet whose name was made to mean this machine must not reach what has no keys.
 * A client of HTTP/1.0 that names no host is no browser.
 */
export function allowedHosts(list: string, loopback: boolean): (hostname: string | undefined) => boolean {
  const names = list
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  if (names.length > 0) {
    return (hostname) => hostname === undefined || names.some((name) => matches(name, hostname));
  }
  return (hostname) => !loopback || hostname === undefined || LOOPBACK_NAME.test(hostname);
}

function matches(name: string, hostname: string): boolean {
  if (!name.startsWith('*.')) return hostname === name;
  return hostname.endsWith(name.slice(1)) && SUBDOMAINS.test(hostname.slice(0, 1 - name.length));
}
