import { type CommandSocket, type KeysParts, keysHere, serveCommands } from '@parley/cli';
import type { Logger } from '@parley/runtime';

/**
 * Makes the socket over which `bin/parley` asks this process, which has the data folder. Undefined if it cannot be made:
 * then `bin/parley` works only while this process is stopped.
 */
export function commandSocket(dataDir: string, parts: KeysParts, logger: Logger): CommandSocket | undefined {
  try {
    return serveCommands(dataDir, async (args, terminal) => {
      try {
        return await keysHere(args, parts, terminal);
      } catch (error) {
        logger.error({ err: error }, 'a command of bin/parley failed');
        throw error;
      }
    });
  } catch (error) {
    logger.warn({ err: error }, 'bin/parley cannot reach this process');
    return undefined;
  }
}
