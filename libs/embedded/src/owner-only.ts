/**
 * Lets only the owner use the data, whatever the umask is and whatever modes an older version set. If a mode cannot be
 * changed, because the disk has no modes or another user owns the file, the program starts all the same.
 */
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 0o700;
const FILE = 0o600;
const OTHERS = 0o077;

/**
 * Creates the folder if it is missing, and takes all rights of other users from it and from its files `names`. A folder
 * with any other file keeps its mode: it may be shared, such as /tmp.
 */
export function ownFolder(folder: string, names: readonly string[]): void {
  mkdirSync(folder, { recursive: true, mode: FOLDER });
  const found = readdirSync(folder);
  if (found.every((name) => names.includes(name))) narrow(folder, FOLDER);
  for (const name of found) if (names.includes(name)) narrow(join(folder, name), FILE);
}

/**
 * Creates an empty file for its owner only, if missing. Never opens an existing one: closing it would free all locks
 * that this process has on it.
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
    // The mode cannot be changed, or SQLite has just deleted the file.
  }
}
