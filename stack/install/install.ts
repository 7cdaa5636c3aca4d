/** Installs the servers' programs into the cache folder, once for all stacks of this machine. */
import { existsSync } from 'node:fs';
import { withLock } from '../lock.ts';
import type { Settings } from '../settings.ts';
import { elasticsearchFolder, installElasticsearch } from './elasticsearch.ts';
import { findJava } from './java.ts';
import { checkMachine, ensurePrograms } from './machine.ts';
import { installRootfs, javaInRootfs, rootfsFolder } from './rootfs.ts';

/** The folders from which the servers are started. */
export interface Installation {
  /** The root file system with all servers except Elasticsearch. */
  readonly rootfs: string;
  readonly elasticsearch: string;
  /** A Java folder of this machine, to be mounted into the root file system; undefined if none is new enough. */
  readonly javaOfMachine: string | undefined;
  /** Java's path inside that root file system. */
  readonly javaInside: string;
}

export async function install({ cacheDir }: Settings): Promise<Installation> {
  await checkMachine();
  const javaOfMachine = findJava();
  const withJava = javaOfMachine === undefined;
  const rootfs = rootfsFolder(cacheDir, withJava);
  const elasticsearch = elasticsearchFolder(cacheDir);
  await withLock(
    `${cacheDir}/install.lock`,
    async () => {
      const rootfsMissing = !existsSync(rootfs);
      const elasticsearchMissing = !existsSync(elasticsearch);
      await ensurePrograms({
        ...(rootfsMissing ? { mmdebstrap: 'mmdebstrap' } : {}),
        ...(elasticsearchMissing ? { mvn: 'maven', unzip: 'unzip' } : {}),
      });
      await Promise.all([
        rootfsMissing ? installRootfs(cacheDir, withJava) : undefined,
        elasticsearchMissing ? installElasticsearch(cacheDir) : undefined,
      ]);
    },
    () => console.log('Waiting for another installation into the same cache to end'),
  );
  const javaInside = withJava ? javaInRootfs(rootfs) : '/java';
  return { rootfs, elasticsearch, javaOfMachine, javaInside };
}
