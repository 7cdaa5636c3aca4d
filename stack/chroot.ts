/**
 * Runs a program inside the installed root file system, as the unprivileged user. The stack's state folder appears there
 * as /stack, in a mount namespace of the process's own: two stacks share one installation and never see each other's
 * files, the mounts vanish with the process, and it does not matter whether that user may enter the folders above. Every
 * step replaces its process by the next one (exec), so the pid that we get is the server's. The root is mounted on itself
 * because Java looks for the mount point of its files' disk.
 */
import type { Installation } from './install/install.ts';
import { SERVICE_USER } from './settings.ts';

const ENTER = `set -e
root=$1; state=$2; elasticsearch=$3; java=$4; user=$5; shift 5
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount --bind /proc "$root/proc"
mount --bind "$state" "$root/stack"
if [ -n "$elasticsearch" ]; then mount --bind "$elasticsearch" "$root/elasticsearch"; fi
if [ -n "$java" ]; then mount --bind "$java" "$root/java"; fi
ulimit -n 65536 2>/dev/null || true
exec chroot --userspec="$user" --groups= "$root" "$@"`;

export function insideRootfs(
  installation: Pick<Installation, 'rootfs'> & Partial<Installation>,
  stateDir: string,
  command: readonly string[],
): string[] {
  return [
    ...['unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', ENTER, 'enter'],
    ...[installation.rootfs, stateDir, installation.elasticsearch ?? '', installation.javaOfMachine ?? ''],
    `${SERVICE_USER.uid}:${SERVICE_USER.gid}`,
    ...command,
  ];
}

/** All that a server gets to see of our environment. */
export const ROOTFS_ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: '/stack' } as const;
