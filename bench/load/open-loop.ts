/**
 * Load at fixed times, whatever became of the earlier requests: so a system that stalls is not spared the requests that
 * would have come meanwhile (coordinated omission). Latencies count from the time at which a request was due.
 */
import type { Latency } from '../measure/sample.ts';
import { runLoadProcess } from './load.ts';

export interface OpenLoopOptions {
  /** Creates go here. */
  readonly ingest: string;
  /** What was created is looked for here. */
  readonly api: string;
  /** Paths of chats. */
  readonly chats: readonly string[];
  readonly perSecond: number;
  readonly seconds: number;
  /** So many of the creates in a second are followed until they can be read, and a tenth of those until found. */
  readonly followedPerSecond: number;
}

export interface OpenLoopReport {
  readonly created: number;
  readonly refused: number;
  readonly seconds: number;
  /** From when the request was due until it was answered. */
  readonly create: Latency;
  /** From the answer of the create until the message was read. */
  readonly readable: Latency;
  /** From the answer of the create until a search found it. */
  readonly searchable: Latency;
  /** Each of them: so few that only those of several rounds together have a 99th percentile. */
  readonly searchableMs: readonly number[];
  /** Not read, or not found, within 30 s; they count as 30 s. */
  readonly neverFound: number;
  readonly cpuSeconds: number;
}

export function openLoop(options: OpenLoopOptions): Promise<OpenLoopReport> {
  return runLoadProcess('open-loop-process.ts', options);
}
