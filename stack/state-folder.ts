/** Folders of the stack's state: what is in them is for its owner only. */
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { SERVICE_USER } from './settings.ts';

/** Makes `name` within the state folder if it is missing; it belongs to the servers' user. @returns its path */
export function makeStateFolder(stateDir: string, name: string): string {
  const folder = `${stateDir}/${name}`;
  mkdirSync(folder, { recursive: true });
  chownSync(folder, SERVICE_USER.uid, SERVICE_USER.gid);
  chmodSync(folder, 0o700);
  return folder;
}

/** Makes the folders of the records and of the logs, if they are missing, and narrows what an older version made. */
export function makeOwnFolders(stateDir: string): void {
  mkdirSync(`${stateDir}/run`, { recursive: true });
  chmodSync(`${stateDir}/run`, 0o700);
  mkdirSync(`${stateDir}/logs`, { recursive: true });
  // The servers' user opens a log of its own in it.
  chmodSync(`${stateDir}/logs`, 0o711);
  narrowLogs(stateDir);
}

/** Whoever owns a log may read it, and nobody else. */
export function narrowLogs(stateDir: string): void {
  for (const name of readdirSync(`${stateDir}/logs`)) chmodSync(`${stateDir}/logs/${name}`, 0o600);
}

export function logFileOf(stateDir: string, name: string): string {
  return `${stateDir}/logs/${name}.log`;
}
