/**
 * Installs what the tests of docker-compose.yml need, before the engine's network namespace, which has no
 * network, is made. Exits with 75 and the reason if this machine cannot run an engine.
 */
import { reasonAgainst } from '@parley/stack/install/machine';
import { CommandFailed, run } from '@parley/stack/run';
import { Unusable } from '@parley/stack/settings';
import { leaveOut } from '@parley/testing';
import { installDocker } from './install.ts';

const reason = await reasonAgainst();
if (reason !== undefined) leaveOut('docker compose', reason);
try {
  await run(['unshare', '--mount', '--net', '--pid', '--fork', '--mount-proc', 'true']);
  await installDocker();
} catch (error) {
  if (!(error instanceof Unusable || error instanceof CommandFailed)) throw error;
  leaveOut('docker compose', error.message);
}
