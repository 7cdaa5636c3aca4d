import { expect, test } from 'bun:test';

/** Runs a program that gets SIGTERM while it starts. Resolves with its exit status and output. */
async function signalledWhile(start: string): Promise<{ status: number; printed: string }> {
  const source = `import { createLogger } from '${import.meta.dir}/logger.ts';
    import { runProgram } from '${import.meta.dir}/program.ts';
    await runProgram(async () => {
      process.kill(process.pid, 'SIGTERM');
      ${start}
      return { logger: createLogger('test', 'silent'), stopTimeoutMs: 1_000, stop: async () => console.log('in order') };
    });`;
  const child = Bun.spawn([process.execPath, '-e', source], { stdout: 'pipe', stderr: 'inherit' });
  return { printed: await new Response(child.stdout).text(), status: await child.exited };
}

test('a program that is asked to end while it starts ends in order once it has started', async () => {
  expect(await signalledWhile('await Bun.sleep(50);')).toEqual({ status: 0, printed: 'in order\n' });
});

test('one whose start takes too long ends with the status of the signal', async () => {
  expect(await signalledWhile('await Bun.sleep(60_000);')).toEqual({ status: 143, printed: '' });
});
