/**
 * The Elasticsearch distribution: the real server with its core, as published in the Maven repository that this machine's
 * `mvn` is set up with. (It lacks some modules of the full image; the project's index needs none of them.)
 */
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { run } from '../run.ts';
import { ELASTICSEARCH_VERSION } from '../versions.ts';

const GROUP = 'org.elasticsearch.distribution.integ-test-zip';
const NAME = `elasticsearch-${ELASTICSEARCH_VERSION}`;

export function elasticsearchFolder(cacheDir: string): string {
  return `${cacheDir}/${NAME}`;
}

/** The caller holds the cache's lock. */
export async function installElasticsearch(cacheDir: string): Promise<void> {
  console.log(`Installing Elasticsearch ${ELASTICSEARCH_VERSION} (mvn, about 110 MB)`);
  // In a folder of its own, because mvn does not say where it has put what it fetched.
  const partial = `${elasticsearchFolder(cacheDir)}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const artifact = `${GROUP}:elasticsearch:${ELASTICSEARCH_VERSION}:zip`;
  const fetch = ['dependency:get', '-Dtransitive=false', `-Dartifact=${artifact}`];
  await run(['mvn', '-q', '-B', `-Dmaven.repo.local=${partial}/maven`, ...fetch]);
  const archive = `${partial}/maven/${GROUP.replaceAll('.', '/')}/elasticsearch/${ELASTICSEARCH_VERSION}/${NAME}.zip`;
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
