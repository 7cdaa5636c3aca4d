import { join } from 'node:path';

const COMMAND = join(import.meta.dir, '../../bin/parley');

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs `bin/parley` as an operator does. Of this process's environment it gets only what finds programs, and `env`.
 * `input`: its standard input.
 */
export async function parley(args: readonly string[], env: Record<string, string>, input = ''): Promise<Said> {
  const { PATH = '', HOME = '' } = process.env;
  const child = Bun.spawn([COMMAND, ...args], {
    env: { PATH, HOME, ...env },
    stdin: new Blob([input]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}

/** As `parley`, for a command that must be done. Returns its standard output. */
export async function parleyDone(args: readonly string[], env: Record<string, string>, input = ''): Promise<string> {
  const { code, out, err } = await parley(args, env, input);
  if (code !== 0) throw new Error(`bin/parley ${args.join(' ')} ended with ${code}: ${err}`);
  return out;
}

/** Makes a key, and returns it and its id, which is on standard error. */
export async function createdKey(
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ key: string; id: string }> {
  const { code, out, err } = await parley(['keys', 'create', ...args], env);
  const key = /^(parley_[as]k_[0-9A-Za-z]+)\n$/.exec(out)?.[1];
  const id = /the key ([0-9a-f-]{36})\./.exec(err)?.[1];
  if (code !== 0 || key === undefined || id === undefined) throw new Error(`no key was made: ${code} ${err}`);
  return { key, id };
}
