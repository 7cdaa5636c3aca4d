/** `bin/parley keys` on the folder of a standalone that does not run. */
import { DataDirInUse, openEmbedded } from '@parley/embedded';
import { rotateSigningKey } from '@parley/http';
import { CommandFailed, type Terminal } from '../command.ts';
import { whyNotAsked } from '../socket.ts';
import type { KeysAsked } from './arguments.ts';
import { runKeys } from './command.ts';

/** Nobody needs to be told. */
const tell = async () => {};

export async function onFolder(
  asked: KeysAsked,
  dataDir: string,
  adminKeys: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const embedded = open(dataDir);
  try {
    const { keys, store } = embedded;
    const rotate = (endsOthers: boolean) => rotateSigningKey(keys, { endsOthers });
    return await runKeys(asked, { keys, store, rotate, tell, adminKeys }, terminal);
  } finally {
    await embedded.close();
  }
}

function open(dataDir: string) {
  try {
    return openEmbedded({ dataDir });
  } catch (error) {
    if (!(error instanceof DataDirInUse)) throw error;
    throw new CommandFailed(`${error.message} ${whyNotAsked(dataDir)}`);
  }
}
