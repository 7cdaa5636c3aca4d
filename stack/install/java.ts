/** Finds a Java on this machine that is new enough for Elasticsearch. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { JAVA_MAJOR_MIN } from '../versions.ts';

const JVM_FOLDER = '/usr/lib/jvm';

/** The folder of the newest Java in JAVA_HOME and /usr/lib/jvm; undefined if none is new enough. */
export function findJava(javaHome = process.env.JAVA_HOME, jvmFolder = JVM_FOLDER): string | undefined {
  const installed = existsSync(jvmFolder) ? readdirSync(jvmFolder).map((name) => `${jvmFolder}/${name}`) : [];
  const candidates = [...(javaHome ? [javaHome] : []), ...installed]
    .map((folder) => ({ folder, major: majorVersion(folder) }))
    .filter(({ folder, major }) => major >= JAVA_MAJOR_MIN && existsSync(`${folder}/bin/java`))
    .sort((a, b) => b.major - a.major);
  return candidates[0]?.folder;
}

function majorVersion(folder: string): number {
  const file = `${folder}/release`;
  if (!existsSync(file)) return 0;
  return Number(/^JAVA_VERSION="(\d+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
}
