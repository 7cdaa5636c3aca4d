import { type Logger, pino } from 'pino';

export type { Logger };

/**
 * A logger that writes one JSON object a line to standard output, with the time in ISO 8601 and the program's name. Of
 * an application's `token` it writes only the beginning: enough to find the application, not enough to use it.
 */
export function createLogger(program: string, level: string): Logger {
  return pino({
    level,
    base: { program, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError, token: beginning },
  });
}

const SHOWN = 8;

function beginning(token: unknown): string {
  return `${String(token).slice(0, SHOWN)}…`;
}

/**
 * An error in loggable form: name, message, code, stack and the chain of causes. Of a cause only the name and code are
 * kept, because the message of a database library may contain a statement's data.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  return { name: error.name, message: error.message, code: codeOf(error), stack: error.stack, cause: causeOf(error) };
}

function causeOf(error: Error): unknown {
  if (!(error.cause instanceof Error)) return undefined;
  return { name: error.cause.name, code: codeOf(error.cause), cause: causeOf(error.cause) };
}

function codeOf(error: Error): unknown {
  return (error as { code?: unknown }).code;
}
