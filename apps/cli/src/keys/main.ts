/** `bin/parley keys` from the command line: finds the installation. Drivers are loaded only where they are needed. */
import { adminKeysOf } from '@parley/runtime';
import type { Terminal } from '../command.ts';
import { installationOf } from '../installation.ts';
import { askStandalone } from '../socket.ts';
import { readKeysArguments } from './arguments.ts';

export async function keys(args: readonly string[], terminal: Terminal): Promise<number> {
  const asked = readKeysArguments(args);
  const installation = installationOf(process.env);
  if (installation.kind === 'distributed') {
    const { onSystem } = await import('./on-system.ts');
    return onSystem(asked, installation.config, terminal);
  }
  const { dataDir, ADMIN_KEY } = installation;
  const input = 'key' in asked && asked.key === '-' ? await terminal.input() : '';
  const code = await askStandalone(dataDir, { args, input }, terminal);
  if (code !== undefined) return code;
  const { onFolder } = await import('./on-folder.ts');
  return onFolder(asked, dataDir, adminKeysOf({ ADMIN_KEY }), { ...terminal, input: async () => input });
}
