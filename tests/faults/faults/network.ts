/** Faults: proxies between the apps and a server delay data, cut connections, or lose data silently. */

import type { ProxyBehaviour } from '@parley/testing';
import type { Fault } from '../fault.ts';
import type { ProxyName } from '../proxies.ts';

const DELAY_MS = 100;
const CUTS_PER_SECOND = 0.2;

function network(
  server: ProxyName,
  kind: string,
  description: string,
  holdMs: number,
  on: Partial<ProxyBehaviour>,
  off: Partial<ProxyBehaviour>,
): Fault {
  return {
    name: `${server}-${kind}`,
    description,
    holdMs,
    inject: ({ stack }) => stack.proxies.set(server, on),
    heal: ({ stack }) => stack.proxies.set(server, off),
  };
}

const SERVERS = ['redis', 'rabbitmq', 'mysql', 'elasticsearch'] as const;

export const networkFaults: readonly Fault[] = SERVERS.flatMap((server) => [
  network(
    server,
    'delay',
    `each packet to and from ${server} takes ${DELAY_MS} ms more, for 10 s`,
    10_000,
    { delayMs: DELAY_MS },
    { delayMs: 0 },
  ),
  network(
    server,
    'cuts',
    `each second one in ${1 / CUTS_PER_SECOND} connections to ${server} is cut, for 15 s`,
    15_000,
    { cutsPerSecond: CUTS_PER_SECOND },
    { cutsPerSecond: 0 },
  ),
  network(
    server,
    'half-open',
    `what is sent to and by ${server} vanishes for 10 s; the connections that lost something stay dead, and nobody is told`,
    10_000,
    { swallow: true },
    { swallow: false },
  ),
]);
