/** Installs what the tests of docker-compose.yml need into the cache folder that all stacks of this machine share. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { unpackPackages } from '@parley/stack/install/debian';
import { install } from '@parley/stack/install/install';
import { ensurePrograms } from '@parley/stack/install/machine';
import { withLock } from '@parley/stack/lock';
import { run } from '@parley/stack/run';
import { readSettings } from '@parley/stack/settings';
import { DOCKER_SERIES } from '@parley/stack/versions';

export const REPOSITORY = resolve(import.meta.dir, '../..');

const PACKAGES = [
  ...['docker.io', 'docker-cli', 'docker-compose', 'docker-buildx', 'containerd', 'runc'],
  ...['iptables', 'iproute2', 'base-files', 'bash', 'dash', 'coreutils', 'util-linux', 'mount', 'ca-certificates'],
];
/** Folders in the engine's root file system, on which folders of the machine are mounted. */
const MOUNT_POINTS = ['repository', 'state', 'java', 'elasticsearch', 'packages'] as const;

export interface DockerInstallation {
  /** A root file system with the Docker engine, its client and Compose. */
  readonly engine: string;
  /** The root file system of bin/stack's servers. The tests make their images of this and the folders below. */
  readonly servers: string;
  readonly elasticsearch: string;
  readonly java: string;
  /** The npm packages of bun.lock, in the layout of Bun's cache. */
  readonly packages: string;
}

/** Installs what is missing of a DockerInstallation. @throws {Unusable} or {CommandFailed} if this machine cannot */
export async function installDocker(environment = process.env): Promise<DockerInstallation> {
  const settings = readSettings(environment, REPOSITORY);
  const { rootfs, elasticsearch, javaOfMachine, javaInside } = await install(settings);
  const engine = `${settings.cacheDir}/docker-${hash(JSON.stringify([PACKAGES, MOUNT_POINTS]))}`;
  const manifests = readManifests();
  const packages = `${settings.cacheDir}/packages-${hash(manifests.map((file) => readFileSync(join(REPOSITORY, file), 'utf8')).join())}`;
  await withLock(`${settings.cacheDir}/install.lock`, async () => {
    if (!existsSync(engine)) await installEngine(engine);
    if (!existsSync(packages)) await fetchPackages(packages, manifests);
  });
  return { engine, servers: rootfs, elasticsearch, java: javaOfMachine ?? `${rootfs}${javaInside}`, packages };
}

async function installEngine(folder: string): Promise<void> {
  console.log('Installing a Docker engine of the tests (Debian packages, about 500 MB)');
  await ensurePrograms({ mmdebstrap: 'mmdebstrap' });
  const partial = `${folder}.partial`;
  await unpackPackages(PACKAGES, partial);
  for (const name of MOUNT_POINTS) mkdirSync(`${partial}/${name}`);
  await checkVersions(partial);
  renameSync(partial, folder);
}

/** Warns if the Debian mirror's Docker is of another series than the tests are made for. It may work all the same. */
async function checkVersions(root: string): Promise<void> {
  const commands = {
    engine: ['dockerd', '--version'],
    compose: ['docker', 'compose', 'version'],
    buildx: ['docker', 'buildx', 'version'],
  };
  for (const [name, series] of Object.entries(DOCKER_SERIES)) {
    const said = await run(['chroot', root, ...commands[name as keyof typeof commands]]);
    const version = /\d+\.\d+\.\d+/.exec(said)?.[0] ?? 'unknown';
    if (!version.startsWith(`${series}.`)) {
      console.warn(`Warning: the Debian mirror has Docker's ${name} ${version}; the tests are made for ${series}.`);
    }
  }
}

/** The files that decide which npm packages are installed. The Dockerfile's first stage copies the same ones. */
function readManifests(): readonly string[] {
  const { workspaces } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    workspaces: { packages: string[] };
  };
  const members = workspaces.packages.map((folder) => `${folder}/package.json`);
  return globSync(['package.json', 'bun.lock', 'bunfig.toml', ...members], { cwd: REPOSITORY }).sort();
}

/** Fetches the apps' npm packages into `folder` in the same way as the Dockerfile. */
async function fetchPackages(folder: string, manifests: readonly string[]): Promise<void> {
  console.log('Fetching the packages of bun.lock for the build of the image');
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const project = mkdtempSync(join(tmpdir(), 'parley-packages-'));
  try {
    for (const file of manifests) {
      mkdirSync(dirname(join(project, file)), { recursive: true });
      cpSync(join(REPOSITORY, file), join(project, file));
    }
    const env = { ...process.env, BUN_INSTALL_CACHE_DIR: partial };
    await run([process.execPath, 'install', '--frozen-lockfile', '--production'], { cwd: project, env });
    renameSync(partial, folder);
  } finally {
    rmSync(project, { recursive: true });
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
