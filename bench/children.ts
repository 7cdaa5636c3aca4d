/**
 * Programs that a scenario starts beside the stack: each in a session of its own, because CPU is told by session, and so
 * out of reach of a Ctrl-C. They end with us all the same.
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
