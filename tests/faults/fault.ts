/** What a fault is: it is injected under load, held, healed, and then the promises are looked at. */
import type { Load } from './load.ts';
import type { Random } from './random.ts';
import type { FaultStack } from './stack.ts';

export interface FaultContext {
  readonly stack: FaultStack;
  readonly load: Load;
  readonly random: Random;
  /** Told on stderr. */
  readonly tell: (what: string) => void;
}

export interface Fault {
  /** As it is named on the command line. */
  readonly name: string;
  /** What happens, in a line. */
  readonly description: string;
  /** From the end of `inject` to the beginning of `heal`. */
  readonly holdMs: number;
  /** Before the load. @returns why it cannot be run here, or nothing */
  prepare?(stack: FaultStack): Promise<string | undefined>;
  inject(context: FaultContext): Promise<void>;
  heal(context: FaultContext): Promise<void>;
  /** After the comparison: what the fault left that the next one must not find. */
  cleanUp?(context: FaultContext): Promise<void>;
  /** The search index is built anew from the store. That hides what was noted as indexed and was not, so no other fault may. */
  readonly rebuildsIndex?: boolean;
  /** A create that is not acknowledged is answered within so long; default 2.5 s. */
  readonly refusalMsMax?: number;
  /** How many dead letters it must leave, by reason; `late` ones are not counted. Default: none. */
  readonly deadLetters?: Readonly<Record<string, number>>;
}
