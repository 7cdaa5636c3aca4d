/**
 * A Docker engine for the tests alone. bin/test-docker starts it in its own namespaces for processes, mounts and the
 * network. So its bridges, firewall rules, mounts and containers cannot collide with another engine's. When the first
 * process in its namespaces ends, for whatever reason, the kernel removes them all, but not control groups and files.
 */
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { run } from '@parley/stack/run';
import { type DockerInstallation, REPOSITORY } from './install.ts';

/** Thrown if the engine does not start on this machine. The message says why, in one line. */
export class EngineUnusable extends Error {
  override readonly name = 'EngineUnusable';
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 30_000;

/**
 * The limit for images and volumes (about 3 GB) in memory, where they use no disk and disappear with the engine. If
 * less than twice this is available, they are on disk.
 */
const IN_MEMORY_GB_MAX = 8;

/**
 * A script that mounts the engine's file systems. Of this machine the engine can write to devices, control groups and
 * the state folder; other folders are read-only.
 */
const MOUNT = `set -e
root=$1; state=$2; repository=$3; java=$4; elasticsearch=$5; packages=$6; memory=$7
if [ -n "$memory" ]; then mount -t tmpfs -o "size=$memory" tmpfs "$state/docker"; fi
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind "$state" "$root/state"
for name in repository java elasticsearch packages; do
  mount --bind "$(eval echo "\\$$name")" "$root/$name"
  mount -o remount,bind,ro "$root/$name"
done
mkdir "$root/run/bin"
chroot "$root" ip link set lo up
# Both talk to the same firewall, but not every kernel has both.
kind=nft
chroot "$root" iptables-nft -t nat -n -L >/dev/null 2>&1 || kind=legacy
for program in iptables ip6tables; do ln -s "/usr/sbin/$program-$kind" "$root/run/bin/$program"; done`;

/**
 * A script that starts dockerd, with the engine's root as the root of its mount namespace. `docker exec` looks up a
 * container's files from there. With a chroot alone it would find the test process's files instead.
 */
const BECOME_ENGINE = `set -e
cd "$1"; shift
mkdir -p run/machine
pivot_root . run/machine
cd /
umount -l /run/machine
exec dockerd "$@"`;

export const ENGINE_ENVIRONMENT = {
  PATH: '/run/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/state/home',
  LANG: 'C.UTF-8',
  DOCKER_HOST: 'unix:///run/docker.sock',
} as const;

export class Engine {
  readonly #child: Bun.Subprocess;

  private constructor(
    /** The path of the engine's root file system, as the tests see it. */
    readonly root: string,
    child: Bun.Subprocess,
  ) {
    this.#child = child;
  }

  /** Resolves when the engine answers. @throws {EngineUnusable} if it cannot start on this machine */
  static async start(installation: DockerInstallation, stateDir: string): Promise<Engine> {
    const { engine: root, java, elasticsearch, packages } = installation;
    for (const name of ['home', 'docker']) mkdirSync(`${stateDir}/${name}`, { recursive: true });
    const memory = availableGb() > 2 * IN_MEMORY_GB_MAX ? `${IN_MEMORY_GB_MAX}g` : '';
    await run([
      '/bin/sh',
      '-c',
      MOUNT,
      'mount',
      root,
      stateDir,
      REPOSITORY,
      java,
      elasticsearch,
      packages,
      memory,
    ]).catch((error) => {
      throw new EngineUnusable(`its file systems cannot be mounted: ${lastLine(error.message)}`);
    });
    const logFile = `${stateDir}/dockerd.log`;
    const log = openSync(logFile, 'a');
    const apart = ['unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', BECOME_ENGINE, 'become'];
    const child = Bun.spawn([...apart, root, ...dockerdOptions(stateDir)], {
      env: ENGINE_ENVIRONMENT,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const engine = new Engine(root, child);
    await engine.#ready(logFile);
    return engine;
  }

  async #ready(logFile: string): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (this.#child.exitCode === null && performance.now() < deadline) {
      const ready = await run(['chroot', this.root, 'docker', 'version'], { env: ENGINE_ENVIRONMENT }).then(
        () => true,
        () => false,
      );
      if (ready) return;
      await Bun.sleep(100);
    }
    await this.stop();
    throw new EngineUnusable(`the engine does not start: ${lastLine(readFileSync(logFile, 'utf8'))}`);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.#child.exited;
    clearTimeout(insist);
  }
}

/**
 * dockerd's options. Control groups are named after the state folder, whose name is unique. So left-over ones can be
 * told apart from another engine's.
 */
function dockerdOptions(stateDir: string): string[] {
  const name = stateDir.slice(stateDir.lastIndexOf('/') + 1);
  return [
    ...['--data-root', '/state/docker', '--exec-root', '/run/docker', '--pidfile', '/run/docker.pid'],
    ...['--host', ENGINE_ENVIRONMENT.DOCKER_HOST, '--cgroup-parent', `/${name}`, '--log-level', 'warn'],
    ...['--feature', 'containerd-snapshotter=false'],
  ];
}

function availableGb(): number {
  const kilobytes = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0;
  return Number(kilobytes) / 1_048_576;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
