/** Installs the servers of the native stack. If that is impossible, exits with status 75: bin/test skips the step. */
import { resolve } from 'node:path';
import { install } from '@parley/stack/install/install';
import { reasonAgainst } from '@parley/stack/install/machine';
import { CommandFailed } from '@parley/stack/run';
import { readSettings, Unusable } from '@parley/stack/settings';
import { leaveOut } from '@parley/testing';

const WHAT = 'the real servers';

const reason = await reasonAgainst();
if (reason !== undefined) leaveOut(WHAT, reason);
try {
  await install(readSettings(process.env, resolve(import.meta.dir, '../..')));
} catch (error) {
  if (!(error instanceof Unusable || error instanceof CommandFailed)) throw error;
  leaveOut(WHAT, error.message);
}
