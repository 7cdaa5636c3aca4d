/** A service: what the stack must know of a server or app to start and stop it. */
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
  /** The texts of its configuration files: if one changes, `up` restarts the service. */
  readonly configuration: string;
  /** The signal that asks the program to finish its work and end; TERM by default. */
  readonly stopSignal?: StopSignal;
  /** The file with the pid of the process that stays, if that is not the one that we start. */
  readonly pidFile?: string;
  /** The services that must be ready before this one starts. */
  readonly needs?: readonly string[];
  /** Called before each start: writes files, and removes those that a killed process left. */
  prepare(): Promise<void>;
}

/** Lower numbers stop first: the intake before the servers, so that every program can finish what it has begun. */
export const StopOrder = { Front: 0, Creating: 1, Worker: 2, Server: 3, PortMapper: 4 } as const;
export type StopOrder = (typeof StopOrder)[keyof typeof StopOrder];

export interface StackContext {
  readonly settings: Settings;
  readonly installation: Installation;
}
