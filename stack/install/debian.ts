/** Debian packages, with all that they depend on, unpacked into a folder of their own. Nothing is set up, nothing runs. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { run } from '../run.ts';
import { debianMirror } from './machine.ts';

/** Debian's release in development, the one that has MySQL itself. */
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
      // A frozen mirror's signature is past its date.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      `--include=${packages.join(',')}`,
      SUITE,
      folder,
      debianMirror(),
    ],
    // Where the apt of this machine has its own lists is no business of the new system's.
    { env: { PATH: process.env.PATH, HOME: process.env.HOME } },
  );
}
