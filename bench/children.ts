/**
 * Starts a program that a scenario needs beside the stack. It gets a session of its own, because CPU is counted by
 * session; a Ctrl-C therefore does not reach it. It is killed when this process ends.
 */
export function launched(
  command: readonly string[],
  env: Record<string, string | undefined>,
  stdout: 'pipe' | 'ignore',
) {
  const child = Bun.spawn([...command], { env, stdio: ['ignore', stdout, 'inherit'], detached: true });
  const end = (): void => child.kill('SIGKILL');
  process.on('exit', end);
  child.exited.finally(() => process.off('exit', end));
  return child;
}
