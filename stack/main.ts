/** The command line of the native stack: `bin/stack up | down | status | logs`. */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { install } from './install/install.ts';
import { withLock } from './lock.ts';
import { serverServices } from './servers/index.ts';
import { readSettings, type Settings } from './settings.ts';
import { Supervisor } from './supervise.ts';

const settings = readSettings(process.env, resolve(import.meta.dir, '..'));
const supervisor = new Supervisor(settings.stateDir);
async function up(s: Settings) {
  mkdirSync(s.stateDir, { recursive: true });
  const installation = await install(s);
  await supervisor.up(serverServices({ settings: s, installation }));
}
await withLock(`${settings.stateDir}/lock`, async () => {
  if (process.argv[2] === 'up') await up(settings);
  else await supervisor.down();
});
process.exit(0);
