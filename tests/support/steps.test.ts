import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder for the log of steps.sh. The steps in this file are trivial commands. */
const work = mkdtempSync(join(tmpdir(), 'parley-steps-'));
afterAll(() => rmSync(work, { recursive: true }));

const SKIPPED_ONE = `printf 'skipped: a disk, because none is here\\n 3 pass\\n 1 skip\\n 0 fail\\n'`;
const CANNOT_RUN = `echo 'skipped: a browser, because it is too heavy'; exit 75`;

async function run(steps: string, ci = ''): Promise<{ code: number; end: string[] }> {
  const script = `set -uo pipefail; work=$1; . ${join(import.meta.dir, 'steps.sh')}\n${steps}\necho END\nconclude`;
  const child = Bun.spawn(['bash', '-c', script, 'steps', work], {
    env: { PATH: process.env.PATH, CI: ci },
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const said = await new Response(child.stdout).text();
  const end = said.slice(said.lastIndexOf('END\n') + 4).split('\n');
  return { code: await child.exited, end: end.map((line) => line.trim()).filter((line) => line !== '') };
}

test('the counts of steps and of the tests in them are added', async () => {
  const steps = `check one true\ncounted many sh -c 'printf " 3 pass\\n 0 fail\\n"'`;
  expect(await run(steps)).toEqual({ code: 0, end: ['everything passed', '4 passed, 0 failed'] });
});

test('failed steps are named, even a run of tests that ends without counts', async () => {
  const steps = `check one false\ncounted many sh -c 'printf " 3 pass\\n 2 fail\\n"; exit 1'\ncounted broken false`;
  const end = ['failed: one', 'failed: many', 'failed: broken', '3 passed, 4 failed'];
  expect(await run(steps)).toEqual({ code: 1, end });
});

test('a step that cannot run is skipped with its reason, and so are the steps that need it', async () => {
  const steps = `check browser sh -c "${CANNOT_RUN}"\nwithout "$reason"\ncounted page false\nwithout ""\ncheck other true`;
  const end = [
    'skipped: browser, because it is too heavy',
    'skipped: page, because it is too heavy',
    '1 passed, 0 failed, 2 skipped',
  ];
  expect(await run(steps)).toEqual({ code: 0, end });
});

test('tests that a file skips are counted, with the reason that it prints', async () => {
  const { code, end } = await run(`counted disks sh -c "${SKIPPED_ONE}"`);
  expect(code).toBe(0);
  expect(end).toEqual(['skipped: 1 of disks: a disk, because none is here', '3 passed, 0 failed, 1 skipped']);
});

test('with CI=true a step that cannot run, the steps that need it, and a skipped test all fail', async () => {
  const steps = `check browser sh -c "${CANNOT_RUN}"\nwithout "$reason"\ncounted page true\nwithout ""\ncounted disks sh -c "${SKIPPED_ONE}"`;
  const { code, end } = await run(steps, 'true');
  expect(code).toBe(1);
  expect(end.at(-1)).toBe('3 passed, 3 failed');
  expect(end.filter((line) => line.includes('with CI=true nothing is skipped'))).toHaveLength(3);
});

test('a step that needs a failed one is not run, and fails', async () => {
  const { code, end } = await run(`check servers false\nwithout "$reason"\ncounted drivers echo ' 3 pass'`);
  expect(code).toBe(1);
  expect(end).toEqual([
    'failed: servers',
    'failed: drivers, which was not run, because this failed: servers',
    '0 passed, 2 failed',
  ]);
});

test('the status 75 without a reason is a failure', async () => {
  expect((await run(`check odd sh -c 'exit 75'`)).end).toEqual(['failed: odd', '0 passed, 1 failed']);
});
