/** OpenAPI Generator: a program for Java, from the Maven repository, kept beside the servers of the native stack. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findJava } from '@parley/stack/install/java';
import { ensurePrograms } from '@parley/stack/install/machine';
import { fetchArtifact } from '@parley/stack/install/maven';
import { withLock } from '@parley/stack/lock';
import { readSettings } from '@parley/stack/settings';
import { tellLeftOut } from '@parley/testing';
import { type Ended, runProgram } from './tools.ts';

const ARTIFACT = {
  group: 'org.openapitools',
  name: 'openapi-generator-cli',
  version: '7.25.0',
  type: 'jar',
} as const;
/** What it says of any document of OpenAPI 3.1. */
const KNOWN_WARNINGS = /OpenAPI 3\.1 support is still in beta|Failed to get the schema name: null/;

/** Seconds of one core: on a busy machine many times as long. */
export const GENERATED_WITHIN_MS = 120_000;
/** It does not run long enough for Java's second compiler to pay. */
const JAVA_OPTIONS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

export interface Generated {
  readonly ended: Ended;
  readonly warnings: readonly string[];
}

export type Generate = (document: string, language: string, folder: string) => Promise<Generated>;

/** Undefined, with the reason on the console, where this machine has no Java or the program cannot be fetched. */
export async function findGenerator(): Promise<Generate | undefined> {
  const java = findJava();
  if (java === undefined) return unavailable('there is no Java');
  const jar = await installed().catch((error: Error) => unavailable(error.message));
  if (jar === undefined) return undefined;
  return async (document, language, folder) => {
    const options = ['-i', document, '-g', language, '-o', folder];
    const command = [`${java}/bin/java`, ...JAVA_OPTIONS, '-jar', jar, 'generate', ...options];
    const ended = await runProgram(command, GENERATED_WITHIN_MS);
    const warnings = ended.printed
      .split('\n')
      .filter((line) => /\b(WARN|ERROR)\b/.test(line) && !KNOWN_WARNINGS.test(line));
    return { ended, warnings };
  };
}

function unavailable(reason: string): undefined {
  tellLeftOut('OpenAPI Generator', reason);
}

async function installed(): Promise<string> {
  const { cacheDir } = readSettings(process.env, join(import.meta.dir, '../../..'));
  const jar = `${cacheDir}/${ARTIFACT.name}-${ARTIFACT.version}.jar`;
  if (existsSync(jar)) return jar;
  await withLock(`${cacheDir}/openapi-generator.lock`, async () => {
    if (existsSync(jar)) return;
    console.log(`Installing OpenAPI Generator ${ARTIFACT.version} (mvn, about 30 MB)`);
    await ensurePrograms({ mvn: 'maven' });
    const partial = `${jar}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    renameSync(await fetchArtifact(ARTIFACT, partial), jar);
    rmSync(partial, { recursive: true });
  });
  return jar;
}
