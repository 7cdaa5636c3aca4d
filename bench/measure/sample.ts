/** One measured piece of work: how much was done, in what time, and how much CPU each program used. */
import { machineBusySeconds, type Usage, usageOf } from './processes.ts';

/** Latencies in milliseconds: percentiles and the largest. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What a piece of work reports about itself. */
export interface Done {
  /** How many messages, requests or rows were done; the rate counts these. */
  readonly count: number;
  /** The duration, if not the whole time counts: a load tool, for example, leaves out its own start. */
  readonly seconds?: number;
  readonly latency?: Latency;
  /** Requests that did not get the expected answer. */
  readonly failed?: number;
  /** CPU seconds by program, of processes that have ended or are not watched. */
  readonly cpuSeconds?: Readonly<Record<string, number>>;
}

export interface Sample {
  readonly count: number;
  readonly seconds: number;
  readonly latency?: Latency | undefined;
  readonly failed: number;
  /** CPU seconds by program; without programs that used none. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  /** Megabytes of resident memory by program, at the end of the work. */
  readonly residentMb: Readonly<Record<string, number>>;
  /** How many cores other programs of the machine used. Above about 0.2 they have distorted the sample. */
  readonly othersCores: number;
}

export const rateOf = ({ count, seconds }: Sample): number => count / seconds;

/** Returns the CPU seconds for one counted item, of all programs whose names `of` accepts. */
export function cpuPerItem({ count, cpuSeconds }: Sample, of: (name: string) => boolean = () => true): number {
  return sum(Object.entries(cpuSeconds).map(([name, seconds]) => (of(name) ? seconds : 0))) / count;
}

export class Stopwatch {
  readonly #pids: ReadonlyMap<string, number>;
  readonly #before: Map<string, Usage>;
  readonly #own = process.cpuUsage();
  readonly #busy = machineBusySeconds();
  readonly #since = performance.now();

  /** `pids`: the programs whose CPU and memory are measured, by name. This process is measured too. */
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
