/** A fault: it is injected under load, held and healed. Then the promises are checked. */
import type { Load } from './load.ts';
import type { Random } from './random.ts';
import type { FaultStack } from './stack.ts';

export interface FaultContext {
  readonly stack: FaultStack;
  readonly load: Load;
  readonly random: Random;
  /** Prints to stderr. */
  readonly tell: (what: string) => void;
}

export interface Fault {
  /** Its name on the command line. */
  readonly name: string;
  /** What happens, in one line. */
  readonly description: string;
  /** From the end of `inject` to the beginning of `heal`. */
  readonly holdMs: number;
  /** Before the load. @returns why the fault cannot run here, or undefined */
  prepare?(stack: FaultStack): Promise<string | undefined>;
  inject(context: FaultContext): Promise<void>;
  heal(context: FaultContext): Promise<void>;
  /** After the comparison: removes what the next fault must not find. */
  cleanUp?(context: FaultContext): Promise<void>;
  /** The index is rebuilt from the store. Other faults must not: it hides what was marked as indexed but was not. */
  readonly rebuildsIndex?: boolean;
  /** A create that is not acknowledged must be answered within this time; default 2.5 s. */
  readonly refusalMsMax?: number;
  /** How many dead letters it must leave, by reason; `late` ones are not counted. Default: none. */
  readonly deadLetters?: Readonly<Record<string, number>>;
}
