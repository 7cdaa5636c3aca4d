/**
 * A minimal Debian in a folder. It is like a new machine on which somebody installed git, curl and npm, and nothing
 * else. It is made from the mirror that this machine's apt uses, and reaches the network as this machine does.
 */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { debianMirror } from '@parley/stack/install/machine';
import { run } from '@parley/stack/run';

const PACKAGES = ['git', 'curl', 'npm', 'ca-certificates'];
/** Files by which the Debian reaches the network like this machine: name servers, hosts, trusted certificates. */
const NETWORK_FILES = ['/etc/resolv.conf', '/etc/hosts', '/etc/ssl/certs/ca-certificates.crt'];
const NETWORK_VARIABLES = [
  ...['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'],
  ...['npm_config_registry', 'NODE_EXTRA_CA_CERTS'],
];
const MADE_WITHIN_MS = 900_000;

/**
 * A script that runs a command in the Debian. A Docker engine needs /sys for its control groups. The root is mounted on
 * itself, so that programs can find the mount point of their disk.
 */
const ENTER = `set -e
root=$1; shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
exec chroot "$root" "$@"`;

/**
 * Makes the Debian in a new folder. Needs the program `mmdebstrap`, and root. mmdebstrap mounts in its own namespace.
 * So even after a crash no folder of this machine is mounted in the new one, and that one can be deleted.
 */
export async function makeMinimalRoot(folder: string): Promise<void> {
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  await run(
    [
      ...['unshare', '--mount', '--propagation', 'private'],
      ...['mmdebstrap', '--mode=root', '--variant=minbase', `--include=${PACKAGES.join(',')}`],
      // If the mirror is frozen at an earlier day, its signature has expired: apt would refuse it.
      ...['--aptopt=Acquire::Check-Valid-Until "false"', codename, folder, debianMirror()],
    ],
    { env: { PATH: process.env.PATH, HOME: process.env.HOME }, withinMs: MADE_WITHIN_MS },
  );
  for (const file of NETWORK_FILES) if (existsSync(file)) cpSync(file, `${folder}${file}`, { dereference: true });
}

/**
 * Returns a command that runs a script in the Debian, as root. Its processes see only each other, and end with the
 * first one. Of this process's environment they get only the network's variables, such as http_proxy.
 */
export function inside(folder: string, environment: Readonly<Record<string, string>>, script: string): string[] {
  const network = NETWORK_VARIABLES.flatMap((name) => (process.env[name] ? [`${name}=${process.env[name]}`] : []));
  const given = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const base = ['HOME=/root', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'];
  return [
    ...['setpriv', '--pdeathsig', 'KILL'],
    ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'],
    ...['/bin/sh', '-c', ENTER, 'enter', folder],
    ...['/usr/bin/env', '-i', ...base, ...network, ...given, '/bin/sh', '-c', script],
  ];
}
