/**
 * A fault: the clock of the apps jumps back an hour, and forward again. libfaketime, a Debian package, changes what
 * they read from the machine's clock. If it cannot be downloaded, the fault is skipped.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fault } from '../fault.ts';
import type { FaultStack } from '../stack.ts';

const BACK_SECONDS = 3_600;

const folderOf = ({ settings }: FaultStack): string => join(settings.cacheDir, 'libfaketime');
/** The clock's offset. libfaketime reads this file each time an app reads the clock. */
const offsetFile = ({ settings }: FaultStack): string => join(settings.stateDir, 'clock-offset');

/** Unpacks libfaketime beside the servers, without installing it. @returns its path; undefined if that failed */
async function library(stack: FaultStack): Promise<string | undefined> {
  const folder = folderOf(stack);
  const find = (): string | undefined =>
    existsSync(folder)
      ? [...new Bun.Glob('**/libfaketime.so.1').scanSync({ cwd: folder, absolute: true })][0]
      : undefined;
  if (find() !== undefined) return find();
  await mkdir(folder, { recursive: true });
  const script = 'apt-get download libfaketime && dpkg -x libfaketime_*.deb .';
  await Bun.spawn(['sh', '-c', script], { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] }).exited;
  return find();
}

export const clockFaults: readonly Fault[] = [
  {
    name: 'clock-back',
    description: 'the clock of all apps is set back an hour, and 10 s later right again',
    holdMs: 10_000,
    prepare: async (stack) => {
      const path = await library(stack);
      if (path === undefined) return 'libfaketime cannot be had here';
      await Bun.write(offsetFile(stack), '+0\n');
      await stack.restartAppsWith({
        LD_PRELOAD: path,
        FAKETIME_TIMESTAMP_FILE: offsetFile(stack),
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      });
      return undefined;
    },
    inject: async ({ stack }) => {
      await Bun.write(offsetFile(stack), `-${BACK_SECONDS}\n`);
    },
    heal: async ({ stack }) => {
      await Bun.write(offsetFile(stack), '+0\n');
    },
    cleanUp: ({ stack }) => stack.restartAppsWith({}),
  },
];
