/**
 * Runs the README's two commands on a minimal Debian, from a clone of the checked-out commit: `bin/start` with a
 * request by curl, and `bin/test quick`, or `bin/test` with the given scope.
 *
 *   bin/test minimal                        both, in about four minutes
 *   bin/bun tests/minimal/main.ts all       with all of bin/test
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensurePrograms, reasonAgainst } from '@parley/stack/install/machine';
import { CommandFailed, run } from '@parley/stack/run';
import { Unusable } from '@parley/stack/settings';
import { freePort, leaveOut } from '@parley/testing';
import { inside, makeMinimalRoot } from './root.ts';

const REPOSITORY = resolve(import.meta.dir, '../..');
/** The path of the repository's clone inside the minimal Debian. */
const CHECKOUT = '/root/parley';
const STARTED_WITHIN_S = 300;
const TESTED_WITHIN_MS = { quick: 1_800_000, all: 5_400_000 } as const;

/** A script that starts Parley as a new user does, repeats a first call until it succeeds, and stops Parley. */
const START = `cd ${CHECKOUT}
bin/start &
started=$!
tries=0
until curl -fsS -X POST "http://localhost:$PORT/api/applications" -H 'Content-Type: application/json' \\
  -d '{"application_name":"Support desk"}' 2>/tmp/curl-error; do
  tries=$((tries + 1))
  if [ $tries -ge ${STARTED_WITHIN_S} ] || ! kill -0 $started 2>/dev/null; then cat /tmp/curl-error; exit 1; fi
  sleep 1
done
echo
kill -TERM $started
wait $started`;

async function shown(command: readonly string[], withinMs: number): Promise<number> {
  return Bun.spawn([...command], { stdio: ['ignore', 'inherit', 'inherit'], timeout: withinMs, killSignal: 'SIGKILL' })
    .exited;
}

/** Makes the Debian with a clone of the repository. Returns the reason if this machine cannot, else undefined. */
async function prepare(root: string): Promise<string | undefined> {
  const reason = await reasonAgainst();
  if (reason !== undefined) return reason;
  try {
    console.log('-- a root folder with a minimal Debian');
    await ensurePrograms({ mmdebstrap: 'mmdebstrap' });
    await makeMinimalRoot(root);
  } catch (error) {
    if (error instanceof Unusable || error instanceof CommandFailed) return error.message;
    throw error;
  }
  await run(['git', 'clone', '--quiet', '--no-hardlinks', REPOSITORY, `${root}${CHECKOUT}`]);
  return undefined;
}

/** Runs the README's two commands. @returns the exit status of the first one that failed, or 0 */
async function tryCommands(root: string, scope: 'quick' | 'all'): Promise<number> {
  console.log('-- bin/start, and a request');
  const started = await shown(inside(root, { PORT: String(freePort()) }, START), STARTED_WITHIN_S * 1_100);
  if (started !== 0) return started;
  console.log(`-- bin/test ${scope}`);
  return shown(inside(root, {}, `cd ${CHECKOUT} && exec bin/test ${scope}`), TESTED_WITHIN_MS[scope]);
}

const folder = mkdtempSync(join(tmpdir(), 'parley-minimal-'));
const root = join(folder, 'root');
let lacking: string | undefined;
try {
  lacking = await prepare(root);
  if (lacking === undefined) process.exitCode = await tryCommands(root, process.argv[2] === 'all' ? 'all' : 'quick');
} finally {
  await run(['rm', '-rf', '--one-file-system', folder]);
}
if (lacking !== undefined) leaveOut('a minimal Debian', lacking);
