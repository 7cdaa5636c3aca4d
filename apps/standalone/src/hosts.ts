/** The addresses that the standalone listens on, and the host names that requests may use. */
import { lookup } from 'node:dns/promises';

/** Matches addresses as `new URL` writes them: an IPv4 address within IPv6 is in hexadecimal there. */
const LOOPBACK_ADDRESS = /^(?:127\.|\[::1\]$|\[::ffff:7f)/;
const LABEL = '[a-z0-9_-]+';
const LOOPBACK_NAME = new RegExp(`^(?:(?:${LABEL}\\.)*localhost|127(?:\\.[0-9]{1,3}){3}|\\[::1\\])$`);
const SUBDOMAINS = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/** The addresses to listen on. `localhost` means both of its addresses, because clients may try either one first. */
export function listeningHosts(host: string): readonly string[] {
  return host.toLowerCase() === 'localhost' ? ['127.0.0.1', '::1'] : [host];
}

/** Whether only this machine can reach a host (a name or an address). Rejects if the name is unknown. */
export async function isLoopback(host: string): Promise<boolean> {
  const addresses = await lookup(host, { all: true });
  return addresses.every(({ address, family }) => {
    const { hostname } = new URL(`http://${family === 6 ? `[${address}]` : address}`);
    return LOOPBACK_ADDRESS.test(hostname);
  });
}

/**
 * Makes the check whether requests for a host name are answered. Names in `list` may begin with `*.`. If it is empty,
 * every name is allowed; but if the server listens only on `loopback`, only names of loopback: nothing else stops a web
 * page whose host name was made to resolve to this machine. A request without a host (HTTP/1.0) is allowed: it does not
 * come from a browser.
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
