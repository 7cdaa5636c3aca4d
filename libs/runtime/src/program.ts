import { ConfigError } from './config.ts';
import { within } from './deadline.ts';
import type { Logger } from './logger.ts';

/**
 * A started program. `stop` is called once; it stops intake, closes consumers, flushes writers and closes clients, in
 * this order, and resolves when nothing is left to lose.
 */
export interface Running {
  readonly logger: Logger;
  readonly stopTimeoutMs: number;
  stop(): Promise<void>;
}

/**
 * Runs a program until SIGTERM or SIGINT and stops it gracefully. Exit status: 0 after a stop within its deadline, 1
 * where the start failed, the stop failed or took too long, or something that nobody handled went wrong.
 */
export async function runProgram(start: () => Promise<Running>): Promise<void> {
  const starting = async () => start(); // what `start` throws at once is caught as well
  const running = await starting().catch((error: unknown) => {
    process.stderr.write(`${startFailure(error)}\n`);
    process.exit(1);
  });
  const { logger } = running;
  let stopping = false;
  const end = async (reason: string, status: number) => {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, 'stopping');
    try {
      await within(running.stop(), running.stopTimeoutMs, () => new Error('the stop took longer than its deadline'));
      logger.info('stopped');
      process.exit(status);
    } catch (error) {
      logger.error({ err: error }, 'the stop failed');
      process.exit(1);
    }
  };
  process.on('SIGTERM', () => void end('SIGTERM', 0));
  process.on('SIGINT', () => void end('SIGINT', 0));
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught exception');
    void end('uncaught exception', 1);
  });
  process.on('unhandledRejection', (error) => {
    // What waits for a server when the stop begins is given up.
    if (stopping) logger.warn({ err: error }, 'given up by the stop');
    else logger.fatal({ err: error }, 'unhandled rejection');
    void end('unhandled rejection', 1);
  });
}

/** One plain line for what an operator can mend; the stack for what nobody expected. */
function startFailure(error: unknown): string {
  if (error instanceof ConfigError) return `The configuration is wrong:\n${error.message}`;
  if (!(error instanceof Error)) return `The start failed: ${String(error)}`;
  const expected = (error as { code?: unknown }).code !== undefined || !BUILT_IN.has(error.name);
  return `The start failed: ${expected ? error.message : (error.stack ?? error.message)}`;
}

const BUILT_IN = new Set(['Error', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);
