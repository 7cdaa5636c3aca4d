/** Folders of the stack's state that a server writes to. */
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { SERVICE_USER } from './settings.ts';

/** Makes `name` within the state folder if it is missing; it belongs to the servers' user. @returns its path */
export function makeStateFolder(stateDir: string, name: string): string {
  const folder = `${stateDir}/${name}`;
  mkdirSync(folder, { recursive: true });
  chownSync(folder, SERVICE_USER.uid, SERVICE_USER.gid);
  chmodSync(folder, 0o700);
  return folder;
}

export function logFileOf(stateDir: string, name: string): string {
  return `${stateDir}/logs/${name}.log`;
}
