/** Unpacks Debian packages and their dependencies into a folder, without running their set-up scripts. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { run } from '../run.ts';
import { debianMirror } from './machine.ts';

/** Debian's development release, because it has the real MySQL. */
export const SUITE = 'sid';

/** Replaces `folder` by what the packages contain. Needs the program `mmdebstrap`. */
export async function unpackPackages(packages: readonly string[], folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  await run(
    [
      'mmdebstrap',
      '--mode=root',
      '--variant=extract',
      // Accepts a frozen mirror, whose index is past its validity date.
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
