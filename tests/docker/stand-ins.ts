/** Builds images that replace the official ones (stand-ins/Dockerfile), under the names in docker-compose.yml. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { run } from '@parley/stack/run';
import { BUN_IMAGE, SERVER_VERSIONS } from '@parley/stack/versions';
import { ENGINE_ENVIRONMENT, type Engine } from './engine.ts';
import type { DockerInstallation } from './install.ts';

const IMAGES = {
  ...Object.fromEntries(Object.entries(SERVER_VERSIONS).map(([name, { image }]) => [name, image])),
  bun: BUN_IMAGE,
};
/** Folders that the base image leaves out, because no server reads them there. */
const LEFT_OUT = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/info',
  'usr/share/locale',
  'stack',
  'elasticsearch',
  'java',
];

const IMPORT = `engine=$1; cd "$2"; shift 2
tar -c "$@" | chroot "$engine" docker import --change "ENV LANG=C.UTF-8" - parley-stand-in/base`;

export async function buildStandIns(engine: Engine, { servers }: DockerInstallation, stateDir: string): Promise<void> {
  const excluded = LEFT_OUT.map((path) => `--exclude=./${path}`);
  await run(['bash', '-o', 'pipefail', '-c', IMPORT, 'import', engine.root, servers, ...excluded, '.'], {
    env: ENGINE_ENVIRONMENT,
  });
  mkdirSync(`${stateDir}/bun`);
  copyFileSync(process.execPath, `${stateDir}/bun/bun`);
  await Promise.all(Object.entries(IMAGES).map(([target, image]) => build(engine, target, image)));
}

async function build(engine: Engine, target: string, image: string): Promise<void> {
  const contexts = [
    'java-folder=/java',
    'elasticsearch-folder=/elasticsearch',
    'bun-folder=/state/bun',
    'packages-folder=/packages',
  ];
  await run(
    [
      ...['chroot', engine.root, 'docker', 'build', '--quiet', '--target', target, '--tag', image],
      ...contexts.flatMap((context) => ['--build-context', context]),
      '/repository/tests/docker/stand-ins',
    ],
    { env: ENGINE_ENVIRONMENT },
  );
}
