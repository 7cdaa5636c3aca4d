/** Runs the load tool autocannon in a process of its own: takes LoadOptions as JSON on stdin, prints a LoadReport. */
import autocannon from 'autocannon';
import type { LoadOptions, LoadReport, Target } from './load.ts';

/**
 * With more targets than this, a connection gets only a share of them, because it prepares all its requests in memory.
 */
const TARGETS_SHARED_MAX = 1_000;
const TIMEOUT_SECONDS = 5;

const options = (await Bun.stdin.json()) as LoadOptions;
const { url, connections, targets, seconds, amount, keyed } = options;
const run = crypto.randomUUID();
let connected = 0;
let keys = 0;

/**
 * Returns a connection's targets. Each connection begins at another one: if all wrote to one chat at the same time,
 * more requests than in reality would share a round trip.
 */
function targetsOf(connection: number): readonly Target[] {
  if (targets.length > TARGETS_SHARED_MAX) {
    const share = Math.max(1, Math.floor(targets.length / connections));
    return targets.slice(connection * share, (connection + 1) * share);
  }
  const start = (connection * 7) % targets.length;
  return [...targets.slice(start), ...targets.slice(0, start)];
}

function requestOf({ method, path, body, headers: given }: Target): autocannon.Request {
  const headers = given ?? (body === undefined ? {} : { 'content-type': 'application/json' });
  if (keyed !== true) return { method, path, headers, ...(body !== undefined && { body }) };
  return {
    method,
    path,
    ...(body !== undefined && { body }),
    setupRequest: (request) => {
      keys += 1;
      return { ...request, headers: { ...headers, 'idempotency-key': `${run}-${keys}` } };
    },
  };
}

const before = process.cpuUsage();
const result = await autocannon({
  url,
  connections,
  ...(amount === undefined ? { duration: seconds } : { amount }),
  timeout: TIMEOUT_SECONDS,
  setupClient: (client) => {
    client.setRequests(targetsOf(connected).map(requestOf));
    connected += 1;
  },
});
const { user, system } = process.cpuUsage(before);
const { p50, p90, p99, p99_9: p999, max } = result.latency;
const report: LoadReport = {
  requests: result['2xx'] + result.non2xx + result.errors,
  failed: result.non2xx + result.errors,
  seconds: result.duration,
  latency: { p50, p90, p99, p999, max },
  cpuSeconds: (user + system) / 1e6,
};
console.log(JSON.stringify(report));
