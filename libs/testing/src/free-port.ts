const FIRST = 20_000;
/** Below the ports of outgoing connections, so that a chosen port stays free while its server restarts. */
const END = 32_000;

/** A loopback port that was free a moment ago, below 32,000: a Redis cluster's node also uses the port 10,000 above. */
export function freePort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST));
    try {
      Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // The port is taken: try another.
    }
  }
}
