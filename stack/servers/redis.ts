/** Redis: numbers and idempotency keys. */
import { readFileSync, writeFileSync } from 'node:fs';
import { insideRootfs, ROOTFS_ENVIRONMENT } from '../chroot.ts';
import { type Service, type StackContext, StopOrder } from '../service.ts';
import { makeStateFolder } from '../state-folder.ts';

export function redisService({ settings, installation }: StackContext): Service {
  const { repository, stateDir } = settings;
  const port = settings.ports.redis;
  const configuration = [
    `port ${port}`,
    'bind 127.0.0.1',
    'daemonize no',
    'dir /stack/redis',
    readFileSync(`${repository}/stack/conf/redis.conf`, 'utf8'),
  ].join('\n');
  return {
    name: 'redis',
    port,
    stopOrder: StopOrder.Server,
    command: insideRootfs(installation, stateDir, ['redis-server', '/stack/redis/redis.conf']),
    env: ROOTFS_ENVIRONMENT,
    cwd: stateDir,
    configuration,
    prepare: async () => {
      makeStateFolder(stateDir, 'redis');
      writeFileSync(`${stateDir}/redis/redis.conf`, configuration);
    },
  };
}
