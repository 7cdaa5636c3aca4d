/**
 * The Elasticsearch distribution from the Maven repository: the real server with its core. It lacks some modules of the
 * full image; the project's index needs none of them.
 */
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { run } from '../run.ts';
import { ELASTICSEARCH_VERSION } from '../versions.ts';
import { fetchArtifact } from './maven.ts';

const ARTIFACT = {
  group: 'org.elasticsearch.distribution.integ-test-zip',
  name: 'elasticsearch',
  version: ELASTICSEARCH_VERSION,
  type: 'zip',
} as const;
const NAME = `elasticsearch-${ELASTICSEARCH_VERSION}`;

export function elasticsearchFolder(cacheDir: string): string {
  return `${cacheDir}/${NAME}`;
}

/** Installs into the cache folder, whose lock the caller must hold. */
export async function installElasticsearch(cacheDir: string): Promise<void> {
  console.log(`Installing Elasticsearch ${ELASTICSEARCH_VERSION} (mvn, about 110 MB)`);
  const partial = `${elasticsearchFolder(cacheDir)}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const archive = await fetchArtifact(ARTIFACT, `${partial}/maven`);
  await run(['unzip', '-q', archive, '-d', partial]);
  dropOtherPlatforms(`${partial}/${NAME}`);
  renameSync(`${partial}/${NAME}`, elasticsearchFolder(cacheDir));
  rmSync(partial, { recursive: true });
}

function dropOtherPlatforms(distribution: string): void {
  const ours = process.arch === 'arm64' ? 'linux-aarch64' : 'linux-x64';
  for (const platform of readdirSync(`${distribution}/lib/platform`)) {
    if (platform !== ours) rmSync(`${distribution}/lib/platform/${platform}`, { recursive: true });
  }
}
