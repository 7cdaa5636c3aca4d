/** Reads facts about running containers from the engine and from inside the container. */
import { docker, engine, tryDocker } from './compose.ts';

export interface Inspected {
  readonly State: { readonly Pid: number; readonly ExitCode: number };
  readonly RestartCount: number;
  readonly Config: { readonly User: string };
  readonly HostConfig: {
    readonly LogConfig: { readonly Type: string; readonly Config: Record<string, string> };
  };
  readonly NetworkSettings: { readonly Networks: Record<string, { readonly IPAddress: string }> };
}

export async function inspect(id: string): Promise<Inspected> {
  return (await engine(`/containers/${id}/json`)) as Inspected;
}

/** The rights of a container's first process, from /proc. `root` is `ro` or `rw`: how its root is mounted. */
export interface Rights {
  /** The real, effective, saved and file system user id of the process. */
  readonly users: string[];
  readonly groups: string[];
  readonly capabilities: string[];
  readonly noNewPrivileges: string;
  readonly root: string;
}

export async function rightsOf(id: string): Promise<Rights> {
  const status = await docker('exec', id, 'cat', '/proc/1/status');
  const field = (name: string) => (new RegExp(`^${name}:\t(.*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/);
  const mounts = (await docker('exec', id, 'cat', '/proc/1/mounts')).split('\n').map((line) => line.split(' '));
  return {
    users: field('Uid'),
    groups: field('Gid'),
    capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].flatMap(field),
    noNewPrivileges: field('NoNewPrivs').join(),
    root: mounts.find(([, path]) => path === '/')?.[3]?.split(',')[0] ?? '',
  };
}

export async function canWrite(id: string, folder: string): Promise<boolean> {
  return (await tryDocker('exec', id, 'bash', '-c', `f=${folder}/written-by-a-test; true >$f && rm $f`)).code === 0;
}

export async function canReach(id: string, address: string, port: number): Promise<boolean> {
  const connect = `exec 3<>/dev/tcp/${address}/${port}`;
  return (await tryDocker('exec', id, 'timeout', '3', 'bash', '-c', connect)).code === 0;
}
