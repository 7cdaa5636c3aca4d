import { ConfigError } from './config.ts';
import { within } from './deadline.ts';
import type { Logger } from './logger.ts';

/**
 * A started program. `stop` is called once. It stops intake, closes consumers, flushes writers and closes clients, in
 * this order, and resolves when nothing more can be lost.
 */
export interface Running {
  readonly logger: Logger;
  readonly stopTimeoutMs: number;
  stop(): Promise<void>;
}

/**
 * Runs a program until SIGTERM or SIGINT, then stops it gracefully. Exit status: 0 after a stop within its deadline; 1
 * if the start or the stop failed, the stop took too long, or an error was not handled. After a signal a start may go
 * on for a second; then the program ends with the status of a program without a signal handler.
 */
export async function runProgram(start: () => Promise<Running>): Promise<void> {
  const starting = Promise.resolve().then(start); // runs after the handlers below are set; a throw becomes a rejection
  let stopping = false;
  // The signal handlers are set before the start: as soon as the program reports that it is ready, a signal may come.
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
    // A stop gives up operations that still wait for a server. So their rejections are expected.
    if (stopping) logger.warn({ err: error }, 'given up by the stop');
    else logger.fatal({ err: error }, 'unhandled rejection');
    void end('unhandled rejection', 1);
  });
}

/** How many milliseconds a start may go on after a signal. Ending it then loses nothing. */
const STARTED_WITHIN_MS = 1_000;
const SIGNAL_NUMBERS = { SIGTERM: 15, SIGINT: 2 };

function startFailure(error: unknown): string {
  return error instanceof ConfigError ? failureText(error) : `The start failed: ${failureText(error)}`;
}

/** One plain line for what the operator can do something about; the stack of an unexpected error. */
export function failureText(error: unknown): string {
  if (error instanceof ConfigError) return `The configuration is wrong:\n${error.message}`;
  if (!(error instanceof Error)) return String(error);
  const expected = (error as { code?: unknown }).code !== undefined || !BUILT_IN.has(error.name);
  return expected ? error.message : (error.stack ?? error.message);
}

const BUILT_IN = new Set(['Error', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);
