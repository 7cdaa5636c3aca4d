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
 * where the start failed, the stop failed or took too long, or something that nobody handled went wrong; a signal that
 * meets the start ends the program after a second, with the status of one that has no handler.
 */
export async function runProgram(start: () => Promise<Running>): Promise<void> {
  const starting = Promise.resolve().then(start); // behind the handlers below; what it throws at once is caught as well
  let stopping = false;
  // From the beginning: who is told `ready` may ask for the end before we have got here.
  const asked = async (signal: 'SIGTERM' | 'SIGINT') => {
    const started = starting.then(
      () => true,
      () => true,
    );
    const isStarted = await Promise.race([started, Bun.sleep(STARTED_WITHIN_MS).then(() => false)]);
    if (!isStarted) process.exit(128 + SIGNAL_NUMBERS[signal]);
    await end(signal, 0);
  };
  process.on('SIGTERM', () => void asked('SIGTERM'));
  process.on('SIGINT', () => void asked('SIGINT'));
  const running = await starting.catch((error: unknown) => {
    process.stderr.write(`${startFailure(error)}\n`);
    process.exit(1);
  });
  const { logger } = running;
  async function end(reason: string, status: number): Promise<void> {
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
  }
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

/** A start that a signal meets may take so long to be done; nothing is lost where it is not. */
const STARTED_WITHIN_MS = 1_000;
const SIGNAL_NUMBERS = { SIGTERM: 15, SIGINT: 2 };

/** One plain line for what an operator can mend; the stack for what nobody expected. */
function startFailure(error: unknown): string {
  if (error instanceof ConfigError) return `The configuration is wrong:\n${error.message}`;
  if (!(error instanceof Error)) return `The start failed: ${String(error)}`;
  const expected = (error as { code?: unknown }).code !== undefined || !BUILT_IN.has(error.name);
  return `The start failed: ${expected ? error.message : (error.stack ?? error.message)}`;
}

const BUILT_IN = new Set(['Error', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);
