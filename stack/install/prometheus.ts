/**
 * Installs Prometheus and promtool for the tests of docker/monitoring, from the same Debian suite and into the same
 * cache folder as the servers. The machine's own system does not change.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { withLock } from '../lock.ts';
import { run } from '../run.ts';
import { PROMETHEUS_SERIES } from '../versions.ts';
import { SUITE } from './debian.ts';
import { debianMirror } from './machine.ts';

const PROGRAMS = ['prometheus', 'promtool'] as const;

export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/**
 * Returns the programs' paths. Rejects if they cannot be had: no Debian, no mirror, or a mirror with another major
 * version.
 */
export async function installPrometheus(cacheDir: string): Promise<PrometheusPrograms> {
  const folder = `${cacheDir}/prometheus-${PROMETHEUS_SERIES}`;
  await withLock(`${cacheDir}/install.lock`, async () => {
    if (!existsSync(folder)) await fetchInto(folder);
  });
  return { prometheus: `${folder}/prometheus`, promtool: `${folder}/promtool` };
}

async function fetchInto(folder: string): Promise<void> {
  console.log('Fetching Prometheus (Debian packages, about 35 MB)');
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const env = { ...process.env, APT_CONFIG: writeApt(`${partial}/apt`) };
  await run(['apt-get', 'update'], { env });
  await run(['apt-get', 'download', ...PROGRAMS], { env, cwd: partial });
  const packages = readdirSync(partial).filter((name) => name.endsWith('.deb'));
  for (const name of packages) await run(['dpkg-deb', '--extract', `${partial}/${name}`, `${partial}/unpacked`]);
  const kept = `${partial}/kept`;
  mkdirSync(kept);
  for (const program of PROGRAMS) {
    cpSync(`${partial}/unpacked/usr/bin/${program}`, `${kept}/${program}`);
    const version = await run([`${kept}/${program}`, '--version']);
    if (!version.includes(`version ${PROMETHEUS_SERIES}.`))
      throw new Error(`another series: ${version.split('\n')[0]}`);
  }
  renameSync(kept, folder);
  rmSync(partial, { recursive: true });
}

/**
 * Sets up an apt of its own in `folder`, for the suite that the servers come from. @returns its configuration's path
 */
function writeApt(folder: string): string {
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(`${folder}/${name}`, { recursive: true });
  writeFileSync(`${folder}/sources.list`, `deb ${debianMirror()} ${SUITE} main\n`);
  const lines = [
    `Dir::State::lists "${folder}/lists";`,
    `Dir::Cache "${folder}/cache";`,
    `Dir::Etc::sourcelist "${folder}/sources.list";`,
    'Dir::Etc::sourceparts "-";',
    // Accepts a frozen mirror, whose index is past its validity date.
    'Acquire::Check-Valid-Until "false";',
    'APT::Sandbox::User "root";',
  ];
  writeFileSync(`${folder}/apt.conf`, `${lines.join('\n')}\n`);
  return `${folder}/apt.conf`;
}
