/** Installs OpenAPI Generator, a Java program from the Maven repository, in bin/stack's cache, and runs it. */
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
/**
 * Warnings that the generator prints for every document of OpenAPI 3.1, and for Python about a parameter `from`: it looks
 * for a model of this name, which it does not make.
 */
const KNOWN_WARNINGS =
  /OpenAPI 3\.1 support is still in beta|Failed to get the schema name: null|From \(reserved word\) cannot be used as model/;

/** The deadline of one run, which takes a few seconds of one core, many times as long on a busy machine. */
export const GENERATED_WITHIN_MS = 120_000;
/** Java's second, optimizing compiler is off, because the generator runs too briefly to gain from it. */
const JAVA_OPTIONS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

export interface Generated {
  readonly ended: Ended;
  readonly warnings: readonly string[];
}

export type Generate = (document: string, language: string, folder: string) => Promise<Generated>;

/** Returns a function that runs the generator. If that cannot be installed, prints why and returns undefined. */
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
