/** Starts a Docker engine, builds the images in it, and runs the tests. bin/test-docker made its namespaces before. */
import { run } from '@parley/stack/run';
import { leaveOut } from '@parley/testing';
import { ENGINE_ENVIRONMENT, Engine, EngineUnusable } from './engine.ts';
import { installDocker, REPOSITORY } from './install.ts';
import { buildStandIns } from './stand-ins.ts';

const [stateDir = '', ...files] = process.argv.slice(2);
const startedAt = performance.now();
const say = (what: string) => console.log(`${what} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`);

const installation = await installDocker();
const engine = await Engine.start(installation, stateDir).catch((error) => {
  if (error instanceof EngineUnusable) leaveOut('docker compose', error.message);
  throw error;
});
try {
  say('An engine runs');
  await buildStandIns(engine, installation, stateDir);
  say('It has the images');
  const tests = files.length > 0 ? files : ['tests/docker'];
  // `--bail`: each test continues where the one before ended, so after a failure the rest would fail too.
  const child = Bun.spawn([process.execPath, 'test', '--bail', '--timeout', '60000', ...tests], {
    cwd: REPOSITORY,
    env: { ...process.env, TEST_ENGINE_ROOT: engine.root },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  process.exitCode = await child.exited;
  say('The tests have ended');
  if (process.exitCode !== 0) console.log(await stateOf(engine));
} finally {
  await engine.stop();
  say('The engine has ended');
}

/** The containers and the ends of their logs, to find the reason of a failure. */
async function stateOf({ root }: Engine): Promise<string> {
  const script = 'docker ps --all; for id in $(docker ps --all --quiet); do docker logs --tail 15 "$id" 2>&1; done';
  return run(['chroot', root, 'bash', '-c', script], { env: ENGINE_ENVIRONMENT });
}
