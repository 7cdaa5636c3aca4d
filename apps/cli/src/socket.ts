/**
 * The socket of a running standalone: it holds the data folder's lock, so it does what `bin/parley` is asked to. HTTP over
 * a Unix socket that only the folder's owner may use. Whoever may use it could read the data as well.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { within } from '@parley/runtime';
import { CommandFailed, FAILED, type Terminal } from './command.ts';

const SOCKET_NAME = 'parley.sock';
/** Systems have room for 104 or 108 bytes, with a zero byte at the end. */
const PATH_BYTES_MAX = 103;
const REQUEST_BYTES_MAX = 64 * 1024;
/** A command that is not done by then goes on, and its outcome is unknown. */
const DEADLINES = { requestMs: 5_000, commandMs: 20_000 };
const ANSWER_WITHIN_MS = DEADLINES.requestMs + DEADLINES.commandMs + 5_000;
const ADDRESS = 'http://localhost/';
const OWNER_ONLY = 0o177;

/** The address of a socket is too long for the operating system. */
export class SocketPathTooLong extends Error {
  override readonly name = 'SocketPathTooLong';
  constructor(path: string) {
    super(
      `The path of the socket has ${Buffer.byteLength(path)} bytes, but may have ${PATH_BYTES_MAX} at most: ${path}. bin/parley needs a DATA_DIR with a shorter path, or that the standalone is stopped.`,
    );
  }
}

export interface CommandSocket {
  /** Ends the socket and removes it. A command that is being done is waited for. */
  stop(): Promise<void>;
}

/** What is asked: the arguments, and the standard input if the command wants it. */
interface Asked {
  readonly args: readonly string[];
  readonly input: string;
}

/** What is answered: lines for standard output and standard error in their order, and the exit code. */
interface Answered {
  readonly lines: readonly (readonly ['out' | 'err', string])[];
  readonly code: number;
}

export type DoCommand = (args: readonly string[], terminal: Terminal) => Promise<number>;

/**
 * Makes the socket, for a process that has the folder's lock: a socket that is there is of a process that was killed.
 * Throws SocketPathTooLong, or an error if the path is taken by something else than a socket.
 */
export function serveCommands(dataDir: string, doCommand: DoCommand, deadlines = DEADLINES): CommandSocket {
  const path = socketPath(dataDir);
  if (isTooLong(path)) throw new SocketPathTooLong(path);
  removeStale(path);
  // The mode is set while it is made: nobody else can connect in between.
  const before = process.umask(OWNER_ONLY);
  try {
    const server = Bun.serve({
      unix: path,
      maxRequestBodySize: REQUEST_BYTES_MAX,
      development: false,
      fetch: async (request) => answer(request, doCommand, deadlines),
    });
    return { stop: () => server.stop() };
  } finally {
    process.umask(before);
  }
}

async function answer(
  request: Request,
  doCommand: DoCommand,
  { requestMs, commandMs }: typeof DEADLINES,
): Promise<Response> {
  const slow = () => new Error('too slow');
  const asked = await within(request.text(), requestMs, slow).then(readAsked, () => undefined);
  if (asked === undefined) return new Response('no command', { status: 400 });
  const lines: ['out' | 'err', string][] = [];
  const terminal: Terminal = {
    out: (line) => void lines.push(['out', line]),
    err: (line) => void lines.push(['err', line]),
    input: async () => asked.input,
  };
  const late = () => new CommandFailed('The standalone takes too long. Whether the command was done is not known.');
  const code = await within(doCommand(asked.args, terminal), commandMs, late).catch((error: unknown) => {
    terminal.err(error instanceof CommandFailed ? error.message : 'The standalone failed; the error is in its log.');
    return FAILED;
  });
  return Response.json({ lines, code } satisfies Answered);
}

function readAsked(text: string): Asked | undefined {
  try {
    const { args, input } = JSON.parse(text) as Partial<Asked>;
    const isRight = Array.isArray(args) && args.every((arg) => typeof arg === 'string') && typeof input === 'string';
    return isRight ? { args, input } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Asks the standalone that runs on the folder to do a command, and prints what it answers. Returns the exit code;
 * undefined if none can be asked there. Throws CommandFailed if it does not answer as it should.
 */
export async function askStandalone(dataDir: string, asked: Asked, terminal: Terminal): Promise<number | undefined> {
  const path = socketPath(dataDir);
  const response = isTooLong(path) ? undefined : await send(path, JSON.stringify(asked));
  if (response === undefined) return undefined;
  if (response.status === 413) throw new CommandFailed('The arguments and the input are too long.');
  if (!response.ok) throw new CommandFailed(`The standalone does not understand this command (${response.status}).`);
  const { lines, code } = (await response.json()) as Answered;
  for (const [where, line] of lines) terminal[where](line);
  return code;
}

async function send(path: string, body: string): Promise<Response | undefined> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    return await fetch(ADDRESS, { unix: path, method: 'POST', body, signal });
  } catch (error) {
    const { code, name } = error as { code?: string; name?: string };
    // Without a socket, or with one of a process that was killed, none runs.
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    if (name === 'TimeoutError')
      throw new CommandFailed('The standalone does not answer. Whether the command was done is not known.');
    if (code === 'EACCES' || code === 'EPERM')
      throw new CommandFailed(`The standalone's data are another user's: ${path}`);
    throw new CommandFailed(`The standalone cannot be asked at ${path} (${code ?? name}).`);
  }
}

/** The shorter one of the absolute path and that from the current folder. */
function socketPath(dataDir: string): string {
  const absolute = resolve(dataDir, SOCKET_NAME);
  const near = relative(process.cwd(), absolute);
  return near.length < absolute.length ? near : absolute;
}

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > PATH_BYTES_MAX;
}

/** Why the process that uses a folder could not be asked. */
export function whyNotAsked(dataDir: string): string {
  const path = socketPath(dataDir);
  if (isTooLong(path)) return new SocketPathTooLong(path).message;
  return 'It does not answer: it is starting, stopping, or of a version without this command.';
}

function removeStale(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} is no socket: move it away.`);
  unlinkSync(path);
}
