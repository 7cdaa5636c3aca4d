/** Fetches one file, without its dependencies, from the Maven repository that this machine's `mvn` uses. */
import { run } from '../run.ts';

export interface Artifact {
  readonly group: string;
  readonly name: string;
  readonly version: string;
  readonly type: 'zip' | 'jar';
}

const WITHIN_MS = 600_000;

/**
 * Fetches a file into a folder of its own, because mvn does not say where it has stored a file. Resolves with its path.
 */
export async function fetchArtifact({ group, name, version, type }: Artifact, folder: string): Promise<string> {
  const coordinates = `${group}:${name}:${version}:${type}`;
  const fetch = ['dependency:get', '-Dtransitive=false', `-Dartifact=${coordinates}`];
  await run(['mvn', '-q', '-B', `-Dmaven.repo.local=${folder}`, ...fetch], { withinMs: WITHIN_MS });
  return `${folder}/${group.replaceAll('.', '/')}/${name}/${version}/${name}-${version}.${type}`;
}
