import { explain, type Terminal } from '../command.ts';
import { readKeysArguments } from './arguments.ts';
import { runKeys } from './command.ts';
import type { KeysParts } from './parts.ts';

/** Does `keys …` for somebody who asks over the socket. Returns the exit code. Rejects with what the store throws. */
export async function keysHere(args: readonly string[], parts: KeysParts, terminal: Terminal): Promise<number> {
  try {
    return await runKeys(readKeysArguments(args), parts, terminal);
  } catch (error) {
    return explain(error, terminal);
  }
}
