/**
 * Runs a program inside the installed root file system, as the unprivileged user. The stack's state folder is mounted
 * there as /stack, in the process's own mount namespace. So two stacks share one installation without seeing each
 * other's files, the mounts end with the process, and the user needs no access to the folders above. Every step
 * replaces its process with the next one (exec), so the pid that we started is the server's. The root is mounted on
 * itself because Java looks for the mount point of its files' disk.
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

/** The environment of every server, which sees none of our variables. */
export const ROOTFS_ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: '/stack' } as const;
