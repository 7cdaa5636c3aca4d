/** Runs a program to its end, for installing and preparing. */

export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string | undefined>;
  /** The program is killed after this time; by default there is no limit. */
  readonly withinMs?: number;
}

/**
 * Resolves with the program's stdout.
 * @throws {CommandFailed} with the end of its output, if its exit status is not 0
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = Bun.spawn([...command], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.withinMs === undefined ? {} : { timeout: options.withinMs, killSignal: 'SIGKILL' }),
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code === 0) return stdout;
  const printed = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
  throw new CommandFailed(`'${command.slice(0, 3).join(' ')} …' ended with ${code}:\n${printed}`);
}
