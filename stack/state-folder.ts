/** Folders of the stack's state. Only their owners can read what is in them. */
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { SERVICE_USER } from './settings.ts';

/** Makes the folder `name` in the state folder if it is missing; it belongs to the servers' user. @returns its path */
export function makeStateFolder(stateDir: string, name: string): string {
  const folder = `${stateDir}/${name}`;
  mkdirSync(folder, { recursive: true });
  chownSync(folder, SERVICE_USER.uid, SERVICE_USER.gid);
  chmodSync(folder, 0o700);
  return folder;
}

/**
 * Makes the folders of records and logs if they are missing, and restricts modes that an older version set too wide.
 */
export function makeOwnFolders(stateDir: string): void {
  mkdirSync(`${stateDir}/run`, { recursive: true });
  chmodSync(`${stateDir}/run`, 0o700);
  mkdirSync(`${stateDir}/logs`, { recursive: true });
  // The servers' user must be able to open its own log in this folder.
  chmodSync(`${stateDir}/logs`, 0o711);
  narrowLogs(stateDir);
}

/** Makes each log readable by its owner only. */
export function narrowLogs(stateDir: string): void {
  for (const name of readdirSync(`${stateDir}/logs`)) chmodSync(`${stateDir}/logs/${name}`, 0o600);
}

export function logFileOf(stateDir: string, name: string): string {
  return `${stateDir}/logs/${name}.log`;
}
