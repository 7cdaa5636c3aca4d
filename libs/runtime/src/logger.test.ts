import { expect, test } from 'bun:test';

/**
 * What a statement makes the logger print. It runs in a process of its own, because the logger writes to standard
 * output.
 */
async function printed(statement: string): Promise<Record<string, unknown>> {
  const source = `import { createLogger } from '${import.meta.dir}/logger.ts'; createLogger('test', 'info')${statement};`;
  const child = Bun.spawn([process.execPath, '-e', source], { stdout: 'pipe' });
  return JSON.parse(await new Response(child.stdout).text()) as Record<string, unknown>;
}

test('of a token it prints the beginning', async () => {
  const line = await printed(".error({ token: '5f7fac7d-14cb-4b36-94cd-5bbe5f75f973', chat: 2 }, 'told')");
  expect(line).toMatchObject({ level: 'error', program: 'test', token: '5f7fac7d…', chat: 2, msg: 'told' });
});

test('of what caused an error it prints the code and not the message, which may hold data', async () => {
  const cause = "Object.assign(new TypeError('the content of a message'), { code: 'E1' })";
  const { err } = await printed(`.warn({ err: new Error('away', { cause: ${cause} }) }, 'told')`);
  expect(err).toMatchObject({ name: 'Error', message: 'away', cause: { name: 'TypeError', code: 'E1' } });
  expect(JSON.stringify(err)).not.toContain('of a message');
});
