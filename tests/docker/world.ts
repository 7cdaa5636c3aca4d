/**
 * Imitates a host outside of the engine's machine, in its own network namespace. A virtual cable connects the two, and
 * the host is the machine's default route. It serves HTTP, and can try to connect to addresses.
 */
import { run } from '@parley/stack/run';

/** The engine's end of the cable. This address and WORLD_ADDRESS are for documentation (RFC 5737): no host has them. */
const ENGINE_ADDRESS = '198.51.100.1';
export const WORLD_ADDRESS = '198.51.100.2';
const KNOCK_WITHIN_MS = 1_500;

const CABLE = `set -e
world=$1
ip link add to-world type veth peer name to-engine netns "$world"
ip addr add ${ENGINE_ADDRESS}/24 dev to-world
ip link set to-world up
ip route add default via ${WORLD_ADDRESS}
enter() { nsenter --net --target "$world" "$@"; }
enter ip link set lo up
enter ip addr add ${WORLD_ADDRESS}/24 dev to-engine
enter ip link set to-engine up
enter ip route add default via ${ENGINE_ADDRESS}`;

export class World {
  readonly #host: Bun.Subprocess;

  private constructor(host: Bun.Subprocess) {
    this.#host = host;
  }

  static async begin(): Promise<World> {
    const server = 'Bun.serve({ hostname: "0.0.0.0", port: 80, fetch: () => new Response("the world") })';
    const host = Bun.spawn(['unshare', '--net', process.execPath, '--eval', server], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const world = new World(host);
    const apart = `until [ "$(readlink /proc/$1/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done`;
    await run(['timeout', '10', '/bin/sh', '-c', apart, 'apart', String(host.pid)]);
    const root = process.env.TEST_ENGINE_ROOT ?? '/';
    await run(['chroot', root, '/bin/bash', '-c', CABLE, 'cable', String(host.pid)], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    return world;
  }

  /** Returns which of the targets, each `address:port`, accept a connection from this host. */
  async reaches(targets: readonly string[]): Promise<string[]> {
    const knock = `const accepted = await Promise.all(process.argv.slice(1).map((target) => new Promise((resolve) => {
      const at = target.lastIndexOf(":");
      setTimeout(resolve, ${KNOCK_WITHIN_MS});
      Bun.connect({ hostname: target.slice(0, at), port: Number(target.slice(at + 1)), socket: { data() {}, open() { resolve(target); } } }).catch(() => resolve());
    })));
    console.log(JSON.stringify(accepted.filter((target) => target !== undefined)));
    process.exit(0);`;
    const there = ['nsenter', '--net', '--target', String(this.#host.pid)];
    return JSON.parse(await run([...there, process.execPath, '--eval', knock, ...targets]));
  }

  /** Where this host reaches a port of the engine's machine: `address:port`. */
  machine(port: string): string {
    return `${ENGINE_ADDRESS}:${port}`;
  }

  async end(): Promise<void> {
    this.#host.kill('SIGKILL');
    await this.#host.exited;
  }
}
