/**
 * The data is for its owner alone, whatever the umask is and whatever modes an older version gave it. A mode that cannot
 * be changed, because the disk has none or somebody else owns the file, stays as it is: that is no reason not to start.
 */
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 0o700;
const FILE = 0o600;
const OTHERS = 0o077;

/**
 * Makes the folder if it is missing, and narrows it and its files, `names`. A folder that holds anything else stays as
 * it is: somebody may have given us one that others need, such as /tmp.
 */
export function ownFolder(folder: string, names: readonly string[]): void {
  mkdirSync(folder, { recursive: true, mode: FOLDER });
  const found = readdirSync(folder);
  if (found.every((name) => names.includes(name))) narrow(folder, FOLDER);
  for (const name of found) if (names.includes(name)) narrow(join(folder, name), FILE);
}

/**
 * Makes the file, empty, unless it is there; what is there is not even opened. (Whoever closes a file lets go of all
 * locks that its process holds on it.)
 */
export function ownFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function narrow(path: string, mode: number): void {
  try {
    if ((statSync(path).mode & OTHERS) !== 0) chmodSync(path, mode);
  } catch {
    // See above; or SQLite has just removed it.
  }
}
