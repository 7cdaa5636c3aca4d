/**
 * Starts a program that a scenario needs beside the stack. It gets a session of its own, because CPU is counted by
 * session; a Ctrl-C therefore does not reach it. It is killed when this process ends.
 */
export function launched(
  command: readonly string[],
  env: Record<string, string | undefined>,
  stdout: 'pipe' | 'ignore',
  cwd = process.cwd(),
) {
  const child = Bun.spawn([...command], { env, cwd, stdio: ['ignore', stdout, 'inherit'], detached: true });
  const end = (): void => signalled(child, 'SIGKILL');
  process.on('exit', end);
  child.exited.finally(() => process.off('exit', end));
  return child;
}

const END_WITHIN_MS = 10_000;

/** Ends a launched program and the processes that it has started: at first politely, after 10 s by force. */
export async function ended(child: Bun.Subprocess): Promise<void> {
  signalled(child, 'SIGTERM');
  const timer = setTimeout(() => signalled(child, 'SIGKILL'), END_WITHIN_MS);
  await child.exited;
  clearTimeout(timer);
  signalled(child, 'SIGKILL'); // what has not ended with the first process
}

/** Signals the child's process group: the child leads it, because it was launched in a session of its own. */
function signalled(child: Bun.Subprocess, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // all of the group has ended
  }
}
