import { type CommandSocket, keysHere, serveCommands } from '@parley/cli';
import type { AccessHints, KeyStore, Store } from '@parley/domain';
import { rotateSigningKey } from '@parley/http';
import { adminKeysOf, type Logger } from '@parley/runtime';
import type { standaloneConfig } from './config.ts';

interface Data {
  readonly keys: KeyStore;
  readonly hints: AccessHints;
  readonly store: Store;
}

/**
 * Makes the socket over which `bin/parley` asks this process, which has the data folder. Undefined if it cannot be made:
 * then `bin/parley` works only while this process is stopped.
 */
export function commandSocket(
  config: ReturnType<typeof standaloneConfig>,
  { keys, hints, store }: Data,
  logger: Logger,
): CommandSocket | undefined {
  const rotate = (endsOthers: boolean) => rotateSigningKey(keys, { endsOthers });
  const parts = { keys, store, rotate, tell: hints.tell.bind(hints), adminKeys: adminKeysOf(config) };
  try {
    return serveCommands(config.DATA_DIR, async (args, terminal) => {
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
