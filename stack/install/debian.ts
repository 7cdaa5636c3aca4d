/** Unpacks Debian packages and their dependencies into a folder. It sets up nothing and runs nothing of them. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { run } from '../run.ts';
import { debianMirror } from './machine.ts';

/** Debian's development release: it is the one that has the real MySQL. */
export const SUITE = 'sid';

/** Replaces `folder`. Needs the program `mmdebstrap`. */
export async function unpackPackages(packages: readonly string[], folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  await run(
    [
      'mmdebstrap',
      '--mode=root',
      '--variant=extract',
      // The signature of a frozen mirror has expired.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      `--include=${packages.join(',')}`,
      SUITE,
      folder,
      debianMirror(),
    ],
    // A minimal environment: this machine's apt settings must not affect the new system.
    { env: { PATH: process.env.PATH, HOME: process.env.HOME } },
  );
}
