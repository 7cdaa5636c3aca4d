/** What all programs of the stack have in common: how they start, and in which order they stop. */
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
  /** The texts of its configuration files, so that a change in them is noticed. */
  readonly configuration: string;
  /** The signal that asks it to finish its work and end; TERM by default. */
  readonly stopSignal?: StopSignal;
  /** The file with its pid, if the process that we start is not the one that stays. */
  readonly pidFile?: string;
  /** The services that it needs; `start` starts them first. */
  readonly needs?: readonly string[];
  /** Writes its files, and removes those that a killed instance left. Called before a start, when it does not run. */
  prepare(): Promise<void>;
}

/** Intake first, the servers last: so `down` lets every program finish what it has begun. */
export const StopOrder = { Front: 0, Creating: 1, Worker: 2, Server: 3, PortMapper: 4 } as const;
export type StopOrder = (typeof StopOrder)[keyof typeof StopOrder];

/** What a service is made from. */
export interface StackContext {
  readonly settings: Settings;
  readonly installation: Installation;
}
