/** What every program of the stack has in common: how it is started and in which order it stops. */
import type { Installation } from './install/install.ts';
import type { StopSignal } from './process.ts';
import type { Settings } from './settings.ts';

export interface Service {
  readonly name: string;
  readonly port: number;
  readonly stopOrder: StopOrder;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The texts of its configuration files, so that a change of one is seen as a change. */
  readonly configuration: string;
  /** What asks it to end its work and go; TERM for nearly all. */
  readonly stopSignal?: StopSignal;
  /** Where it writes its pid, if the process that we start is not the one that stays. */
  readonly pidFile?: string;
  /** Without these it does not start. Whoever starts it alone starts them too. */
  readonly needs?: readonly string[];
  /** Writes its files, and removes those that a killed one left; called before a start, when it is known not to run. */
  prepare(): Promise<void>;
}

/** The intake first, what it stands on last: `down` lets every program end what it has begun. */
export const StopOrder = { Front: 0, Creating: 1, Worker: 2, Server: 3, PortMapper: 4 } as const;
export type StopOrder = (typeof StopOrder)[keyof typeof StopOrder];

/** What a service is made from. */
export interface StackContext {
  readonly settings: Settings;
  readonly installation: Installation;
}
