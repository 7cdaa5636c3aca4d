/**
 * Sends requests at fixed times, whatever happened to earlier ones. So a system that stalls still gets the requests
 * that are due meanwhile (no coordinated omission). Latencies count from the time at which a request was due.
 */
import type { Latency } from '../measure/sample.ts';
import { runLoadProcess } from './load.ts';

export interface OpenLoopOptions {
  /** The address for creates. */
  readonly ingest: string;
  /** The address for reads and searches of what was created. */
  readonly api: string;
  /** Paths of chats. */
  readonly chats: readonly string[];
  readonly perSecond: number;
  readonly seconds: number;
  /** This many creates a second are followed until they can be read, and a tenth of these until a search finds them. */
  readonly followedPerSecond: number;
}

export interface OpenLoopReport {
  readonly created: number;
  readonly refused: number;
  readonly seconds: number;
  /** From the time when the request was due to its answer. */
  readonly create: Latency;
  /** From the create's answer until the message could be read. */
  readonly readable: Latency;
  /** From the create's answer until a search found the message. */
  readonly searchable: Latency;
  /** The single values: they are so few that only several rounds together have a 99th percentile. */
  readonly searchableMs: readonly number[];
  /** Messages not read or found within 30 s; they count as 30 s. */
  readonly neverFound: number;
  readonly cpuSeconds: number;
}

export function openLoop(options: OpenLoopOptions): Promise<OpenLoopReport> {
  return runLoadProcess('open-loop-process.ts', options);
}
