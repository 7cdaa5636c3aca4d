/** One measured stretch of work: how much was done, in what time, and whose CPU it took. */
import { machineBusySeconds, type Usage, usageOf } from './processes.ts';

/** In milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What a piece of work tells of itself. */
export interface Done {
  /** Messages, requests, rows: whatever the rate is to be of. */
  readonly count: number;
  /** Where it took another time than that which passed: the load's own start does not count. */
  readonly seconds?: number;
  readonly latency?: Latency;
  /** Requests that were not answered as they should have been. */
  readonly failed?: number;
  /** CPU seconds of processes that have ended by now, or that are no program of the stack. */
  readonly cpuSeconds?: Readonly<Record<string, number>>;
}

export interface Sample {
  readonly count: number;
  readonly seconds: number;
  readonly latency?: Latency | undefined;
  readonly failed: number;
  /** CPU seconds by program; only those that took any. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  /** By program, at the end. */
  readonly residentMb: Readonly<Record<string, number>>;
  /** How many cores everything else on the machine took meanwhile. Above 0.2 or so, the figure is a crowd's. */
  readonly othersCores: number;
}

export const rateOf = ({ count, seconds }: Sample): number => count / seconds;

/** CPU seconds for one of what was counted, by everybody. */
export function cpuPerItem({ count, cpuSeconds }: Sample, of: (name: string) => boolean = () => true): number {
  return sum(Object.entries(cpuSeconds).map(([name, seconds]) => (of(name) ? seconds : 0))) / count;
}

export class Stopwatch {
  readonly #pids: ReadonlyMap<string, number>;
  readonly #before: Map<string, Usage>;
  readonly #own = process.cpuUsage();
  readonly #busy = machineBusySeconds();
  readonly #since = performance.now();

  /** `pids`: the programs that are watched; this process is watched too. */
  constructor(pids: ReadonlyMap<string, number>) {
    this.#pids = pids;
    this.#before = usageOf(pids);
  }

  stop(done: Done): Sample {
    const passed = (performance.now() - this.#since) / 1_000;
    const own = process.cpuUsage(this.#own);
    const busy = machineBusySeconds() - this.#busy;
    const cpuSeconds: Record<string, number> = { bench: (own.user + own.system) / 1e6, ...done.cpuSeconds };
    const residentMb: Record<string, number> = {};
    for (const [name, usage] of usageOf(this.#pids)) {
      const seconds = usage.cpuSeconds - (this.#before.get(name)?.cpuSeconds ?? 0);
      if (seconds > 0) cpuSeconds[name] = (cpuSeconds[name] ?? 0) + seconds;
      residentMb[name] = usage.residentMb;
    }
    const others = Math.max(0, busy - sum(Object.values(cpuSeconds)));
    const { count, seconds = passed, latency, failed = 0 } = done;
    return { count, seconds, latency, failed, cpuSeconds, residentMb, othersCores: others / passed };
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
