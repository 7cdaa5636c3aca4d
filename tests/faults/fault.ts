/** A fault: it is injected under load, held and healed. Then the promises of the system are checked. */
import type { Load } from './load.ts';
import type { Random } from './random.ts';
import type { FaultStack } from './stack.ts';

export interface FaultContext {
  readonly stack: FaultStack;
  readonly load: Load;
  readonly random: Random;
  /** Prints a line of progress. */
  readonly tell: (what: string) => void;
}

export interface Fault {
  /** The fault's name on the command line. */
  readonly name: string;
  readonly description: string;
  /** The time from the end of `inject` to the beginning of `heal`. */
  readonly holdMs: number;
  /** Runs before the load. @returns why the fault cannot run here, or undefined */
  prepare?(stack: FaultStack): Promise<string | undefined>;
  inject(context: FaultContext): Promise<void>;
  heal(context: FaultContext): Promise<void>;
  /** Runs last: removes what the next fault must not find. */
  cleanUp?(context: FaultContext): Promise<void>;
  /**
   * Whether the search index is rebuilt from the store. Other faults must not do that: it hides what was marked as
   * indexed but was not.
   */
  readonly rebuildsIndex?: boolean;
  /** A create that is not acknowledged must be answered within this time; default 2.5 s. */
  readonly refusalMsMax?: number;
  /** How many dead letters the fault must leave, by reason; `late` ones are not counted. Default: none. */
  readonly deadLetters?: Readonly<Record<string, number>>;
}
