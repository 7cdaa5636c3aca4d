/**
 * A lock between processes: flock(2) on a file. The kernel releases it when its holder ends, in whatever way, so there
 * are no stale locks. Bun opens files close-on-exec, so the servers that we start do not inherit the lock.
 */
import { dlopen, FFIType } from 'bun:ffi';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

const LOCK_EXCLUSIVE = 2;
const LOCK_NO_WAIT = 4;
const POLL_MS = 100;

/** Runs `work` while it holds the lock on the file `path`. Calls `onWait` once if another process holds it. */
export async function withLock<Result>(
  path: string,
  work: () => Promise<Result>,
  onWait: () => void = () => {},
): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true });
  const libc = dlopen('libc.so.6', { flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } });
  const file = openSync(path, 'a');
  const tryLock = (): boolean => libc.symbols.flock(file, LOCK_EXCLUSIVE | LOCK_NO_WAIT) === 0;
  try {
    if (!tryLock()) {
      onWait();
      while (!tryLock()) await Bun.sleep(POLL_MS);
    }
    return await work();
  } finally {
    closeSync(file);
    libc.close();
  }
}
