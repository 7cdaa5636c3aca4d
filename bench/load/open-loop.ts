/**
 * Sends creates at fixed times, whatever happened to earlier ones. So a system that stalls still gets the requests that
 * are due meanwhile (no coordinated omission). The latency of a create counts from the time at which it was due.
 */
import type { Latency } from '../measure/sample.ts';
import { runLoadProcess } from './load.ts';

export interface OpenLoopOptions {
  /** The address that gets the creates. */
  readonly ingest: string;
  /** The address for reads and searches of what was created. */
  readonly api: string;
  /** The paths of the chats that get messages. */
  readonly chats: readonly string[];
  readonly perSecond: number;
  readonly seconds: number;
  /** So many creates a second are followed until they can be read, and a tenth of these until a search finds them. */
  readonly followedPerSecond: number;
  /** Sent with every request. Default: none. */
  readonly authorization?: string;
}

export interface OpenLoopReport {
  readonly created: number;
  readonly refused: number;
  readonly seconds: number;
  /** From the time when the create was due until its answer. */
  readonly create: Latency;
  /** From the create's answer until the message could be read. */
  readonly readable: Latency;
  /** From the create's answer until a search found the message. */
  readonly searchable: Latency;
  /** Each single time of `searchable`: a round has so few that only several rounds together have a 99th percentile. */
  readonly searchableMs: readonly number[];
  /** How many messages could not be read or found within 30 s; they count as 30 s. */
  readonly neverFound: number;
  readonly cpuSeconds: number;
}

export function openLoop(options: OpenLoopOptions): Promise<OpenLoopReport> {
  return runLoadProcess('open-loop-process.ts', options);
}
