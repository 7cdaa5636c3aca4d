import { rm } from 'node:fs/promises';
import { openEmbedded } from '@parley/embedded';
import { temporaryFolder } from '../support/system.ts';
import { countersContract } from './counters.contract.ts';
import { storeContract } from './store.contract.ts';

/** The embedded drivers on a folder of their own, which goes with them. */
async function openDrivers() {
  const dataDir = await temporaryFolder();
  const embedded = openEmbedded({ dataDir });
  const close = async () => {
    await embedded.close();
    await rm(dataDir, { recursive: true });
  };
  return { ...embedded, close };
}

storeContract('the embedded', openDrivers);
countersContract('the embedded', async () => {
  let generation = 0;
  return { ...(await openDrivers()), nextGeneration: () => ++generation };
});
