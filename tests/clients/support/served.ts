/** Starts a standalone, and saves the OpenAPI document that it serves in a temporary folder. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenApi } from '../../support/openapi.ts';
import { startStandalone, temporaryFolder } from '../../support/system.ts';

export interface Served {
  readonly url: string;
  readonly folder: string;
  /** The path of the saved OpenAPI document. */
  readonly file: string;
  /** The OpenAPI document, with unresolved `$ref`s. */
  readonly document: OpenApi;
  stop(): Promise<void>;
}

export async function serve(): Promise<Served> {
  const [folder, dataDir] = await Promise.all([temporaryFolder(), temporaryFolder()]);
  const standalone = await startStandalone(dataDir);
  const text = await (await fetch(`${standalone.url}/openapi.json`)).text();
  const file = join(folder, 'openapi.json');
  await writeFile(file, text);
  return {
    ...{ url: standalone.url, folder, file, document: JSON.parse(text) },
    stop: async () => {
      await standalone.terminate();
      await Promise.all([folder, dataDir].map((each) => rm(each, { recursive: true, force: true })));
    },
  };
}
