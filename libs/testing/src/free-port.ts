const FIRST = 20_000;
/** Below the ports that the system gives to outgoing connections, so that the port stays free while its server restarts. */
const END = 32_000;

/** A port of loopback on which nobody listened a moment ago. At most 32,000: a node of a Redis cluster also takes the port 10,000 above. */
export function freePort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST));
    try {
      Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // taken
    }
  }
}
