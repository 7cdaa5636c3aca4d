/**
 * Sends HTTP load from a process of its own, in a closed loop: each connection sends its next request after the last
 * answer. This finds the highest rate, and the latencies at it. For latencies at a given rate see open-loop.ts.
 */
import type { Done, Latency } from '../measure/sample.ts';

/** A complete request. A load sends its targets in turn, again and again. */
export interface Target {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  /** Default: `Content-Type: application/json`, if there is a body. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly targets: readonly Target[];
  /** How long to send; ignored if `amount` is given. */
  readonly seconds: number;
  readonly amount?: number;
  /** Whether each request gets an Idempotency-Key of its own. */
  readonly keyed?: boolean;
  /** How many messages one request counts as: 1,000 for a batch of 1,000. Default: 1. */
  readonly each?: number;
  /** With wrk: the status of success. To look at it costs wrk some CPU; by default 2xx and 3xx are success. */
  readonly status?: number;
}

export interface LoadReport {
  readonly requests: number;
  readonly failed: number;
  readonly seconds: number;
  readonly latency: Latency;
  readonly cpuSeconds: number;
}

export type Tool = 'autocannon' | 'wrk';

const WRK = Bun.which('wrk');
export const hasWrk = (): boolean => WRK !== null;
/** The tool that takes less CPU for itself: wrk, or autocannon where wrk is not installed. */
export const usualTool = (): Tool => (hasWrk() ? 'wrk' : 'autocannon');

/** Sends load. @throws if no request got a 2xx: a rate of refusals would look excellent */
export async function load(options: LoadOptions, tool: Tool = 'autocannon'): Promise<Done> {
  const report = tool === 'wrk' ? await runWrk(options) : await runAutocannon(options);
  const answered = report.requests - report.failed;
  if (answered <= 0) throw new Error(`${tool}: none of ${report.requests} requests to ${options.url} was answered`);
  return {
    count: answered * (options.each ?? 1),
    seconds: report.seconds,
    latency: report.latency,
    failed: report.failed,
    cpuSeconds: { load: report.cpuSeconds },
  };
}

function runAutocannon(options: LoadOptions): Promise<LoadReport> {
  return runLoadProcess('autocannon-process.ts', options);
}

/** Runs a program of this folder, which gets the options as JSON. Resolves with the report in its last line. */
export async function runLoadProcess<Report>(file: string, options: unknown): Promise<Report> {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/${file}`], {
    stdin: new Blob([JSON.stringify(options)]),
    stdout: 'pipe',
    stderr: 'inherit',
    // By default Bun sends at most 256 requests at once; in an open loop requests must not wait for each other.
    env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: '8192' },
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the load ended with status ${child.exitCode}`);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Report;
}

/**
 * Sends load with the tool wrk. It uses less than half of autocannon's CPU, which leaves more to the measured system.
 */
async function runWrk({ url, connections, seconds, targets, keyed, status }: LoadOptions): Promise<LoadReport> {
  const script = `${process.env.TMPDIR ?? '/tmp'}/parley-bench-${process.pid}.lua`;
  await Bun.write(script, wrkScript(targets, keyed === true, status));
  const child = Bun.spawn(
    [WRK ?? 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', script, url],
    {
      stdout: 'pipe',
      stderr: 'inherit',
    },
  );
  const output = await new Response(child.stdout).text();
  await child.exited;
  await Bun.file(script).delete();
  const line = output.split('\n').find((text) => text.startsWith('REPORT '));
  if (line === undefined) throw new Error(`wrk: ${output}`);
  const cpuSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  return { ...(JSON.parse(line.slice('REPORT '.length)) as Omit<LoadReport, 'cpuSeconds'>), cpuSeconds };
}

const PART_MAX = 10_000;

function wrkScript(targets: readonly Target[], keyed: boolean, status: number | undefined): string {
  const literal = (text: string) => JSON.stringify(text).replaceAll('\\u', '\\\\u');
  const table = (headers: Target['headers'] = {}) =>
    Object.entries(headers).map(([name, value]) => `[${literal(name)}]=${literal(value)}`);
  const list = targets.map(({ method, path, body, headers }) => {
    const given = headers === undefined ? 'nil' : `{${table(headers).join(',')}}`;
    return `{${literal(method)},${literal(path)},${body === undefined ? 'nil' : literal(body)},${given}}`;
  });
  // The script adds targets in several functions: a Lua function has at most 65,536 constants.
  const parts = Array.from({ length: Math.ceil(list.length / PART_MAX) }, (_, part) => {
    const some = list.slice(part * PART_MAX, (part + 1) * PART_MAX);
    return `(function() for _, t in ipairs({${some.join(',\n')}}) do targets[#targets + 1] = t end end)()`;
  });
  // wrk itself counts a status above 399 as an error. Each of its threads has variables of its own.
  const others = `local threads = {}
function setup(thread) table.insert(threads, thread) end
refused = 0
function response(status) if status ~= ${status} then refused = refused + 1 end end
local function failures() local n = 0; for _, t in ipairs(threads) do n = n + t:get("refused") end; return n end`;
  const key = `h["Idempotency-Key"] = string.format("k%d-%d", os.time(), at)`;
  return `local targets = {}
${parts.join(';\n')}
local at, made, run = 0, {}, os.time()
local function make(t)
  local h = t[4] or {}
  if t[3] and not t[4] then h["Content-Type"] = "application/json" end
  ${keyed ? key : ''}
  return wrk.format(t[1], t[2], h, t[3])
end
${status === undefined ? '' : others}
function init(args) ${keyed ? '' : 'for i, t in ipairs(targets) do made[i] = make(t) end'} end
function request()
  at = at + 1
  local i = (at - 1) % #targets + 1
  return ${keyed ? 'make(targets[i])' : 'made[i]'}
end
function done(summary, latency, requests)
  local e = summary.errors
  local p = function(x) return latency:percentile(x) / 1000 end
  io.write(string.format('REPORT {"requests":%d,"failed":%d,"seconds":%f,"latency":{"p50":%f,"p90":%f,"p99":%f,"p999":%f,"max":%f}}\\n',
    summary.requests, ${status === undefined ? 'e.status' : 'failures()'} + e.timeout + e.connect + e.read + e.write, summary.duration / 1e6,
    p(50), p(90), p(99), p(99.9), latency.max / 1000))
end
`;
}
