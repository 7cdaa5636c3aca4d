/** What all commands have in common: arguments, help, and where they print. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** Exit codes. */
export const DONE = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;

/** Where a command prints, and from where it reads. Over the socket both are the terminal of the one who asks. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  /** All of the standard input. */
  input(): Promise<string>;
}

/** The arguments are wrong. The message is for the user, and `usage` says what is right. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
  constructor(
    message: string,
    readonly usage: string,
  ) {
    super(message);
  }
}

/** A command cannot be done. The message is for the user. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** `--help` was asked for. */
export class HelpAsked extends Error {
  override readonly name = 'HelpAsked';
  constructor(readonly usage: string) {
    super('help');
  }
}

/**
 * Reads arguments: the options, and at most `wordsMax` words without `--`. Throws WrongUsage, or HelpAsked if `--help` or
 * `-h` is one of them.
 */
export function readArguments<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  usage: string,
  options: Options,
  wordsMax = 0,
) {
  if (args.includes('--help') || args.includes('-h')) throw new HelpAsked(usage);
  const { values, positionals } = parsed(args, usage, options);
  const unknown = positionals[wordsMax];
  if (unknown !== undefined) throw new WrongUsage(`'${unknown}' is one word too many.`, usage);
  return { values, words: positionals };
}

function parsed<Options extends ParseArgsOptionsConfig>(args: readonly string[], usage: string, options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new WrongUsage(error instanceof Error ? error.message : String(error), usage);
  }
}

/** A text of somebody else's, without what a terminal would obey: control characters and such that turn its direction. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}

/** Prints what an error says to the user. Returns the exit code. Throws what is neither usage nor a failed command. */
export function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof HelpAsked) {
    terminal.out(error.usage);
    return DONE;
  }
  if (error instanceof WrongUsage) {
    terminal.err(`${error.message}\n\n${error.usage}`);
    return WRONG_USAGE;
  }
  if (!(error instanceof CommandFailed)) throw error;
  terminal.err(error.message);
  return FAILED;
}
