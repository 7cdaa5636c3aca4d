/**
 * The servers' programs: Debian packages unpacked into a folder (a root file system). The machine's own system does not
 * change, and versions are the same everywhere. The folder is only read; each stack has its own state (../chroot.ts).
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { run } from '../run.ts';
import { SERVER_VERSIONS } from '../versions.ts';
import { SUITE, unpackPackages } from './debian.ts';

const PACKAGES = [
  ...['base-files', 'dash', 'bash', 'coreutils', 'libc-bin', 'grep', 'sed', 'util-linux', 'hostname', 'procps'],
  ...['mysql-server-core', 'rabbitmq-server', 'redis-server', 'redis-tools', 'nginx-light'],
  // Clients and tools that the official images have: tests/docker builds replacements of these images from this folder.
  ...['mysql-client-core', 'curl', 'findutils', 'gettext-base'],
];
/** Only installed if the machine has no Java that is new enough. */
const JAVA_PACKAGE = 'openjdk-25-jre-headless';
/** Empty folders, on which the stack's state, Elasticsearch and Java are mounted when a server starts. */
const MOUNT_POINTS = ['stack', 'elasticsearch', 'java'] as const;

function packagesFor(withJava: boolean): string[] {
  return withJava ? [...PACKAGES, JAVA_PACKAGE] : PACKAGES;
}

/**
 * The root file system's folder. Its name has a hash of what is installed: a change makes a new folder, without old
 * files.
 */
export function rootfsFolder(cacheDir: string, withJava: boolean): string {
  const recipe = JSON.stringify([SUITE, packagesFor(withJava), MOUNT_POINTS]);
  return `${cacheDir}/rootfs-${createHash('sha256').update(recipe).digest('hex').slice(0, 8)}`;
}

/** Installs into the cache folder, whose lock the caller must hold. */
export async function installRootfs(cacheDir: string, withJava: boolean): Promise<void> {
  const folder = rootfsFolder(cacheDir, withJava);
  console.log('Installing Redis, RabbitMQ, MySQL and nginx (Debian packages, about 550 MB)');
  const partial = `${folder}.partial`;
  await unpackPackages(packagesFor(withJava), partial);
  prepare(partial);
  await checkVersions(partial);
  renameSync(partial, folder);
}

/** Writes the few files that the servers need, because the packages' set-up scripts have not run. */
function prepare(rootfs: string): void {
  writeFileSync(
    `${rootfs}/etc/passwd`,
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n',
  );
  writeFileSync(`${rootfs}/etc/group`, 'root:x:0:\nnogroup:x:65534:\n');
  writeFileSync(`${rootfs}/etc/hosts`, '127.0.0.1 localhost\n::1 localhost\n');
  for (const name of MOUNT_POINTS) mkdirSync(`${rootfs}/${name}`, { recursive: true });
}

/** Warns if the mirror has other versions than this stack is made for. They may work all the same. */
async function checkVersions(rootfs: string): Promise<void> {
  for (const [server, version] of Object.entries(await installedVersions(rootfs))) {
    const { series } = SERVER_VERSIONS[server as keyof typeof SERVER_VERSIONS];
    if (version.startsWith(`${series}.`)) continue;
    console.warn(`Warning: the Debian mirror has ${server} ${version}; this stack is made for ${series}.`);
  }
}

async function installedVersions(rootfs: string): Promise<Record<'redis' | 'rabbitmq' | 'mysql' | 'nginx', string>> {
  const ask = async (script: string): Promise<string> => {
    const answer = await run(['chroot', rootfs, '/bin/sh', '-c', `(${script}) 2>&1`]);
    return /\d+\.\d+\.\d+/.exec(answer)?.[0] ?? 'unknown';
  };
  const [redis, rabbitmq, mysql, nginx] = await Promise.all([
    ask('redis-server --version'),
    ask('ls /usr/lib/rabbitmq/lib'),
    ask('mysqld --version'),
    ask('nginx -v'),
  ]);
  return { redis, rabbitmq, mysql, nginx };
}

/** Returns the path of the Java that was installed with the servers. */
export function javaInRootfs(rootfs: string): string {
  const name = readdirSync(`${rootfs}/usr/lib/jvm`).find((entry) => entry.startsWith('java-25-openjdk'));
  return `/usr/lib/jvm/${name ?? 'java-25-openjdk-amd64'}`;
}
