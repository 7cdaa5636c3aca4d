import { expect, test } from 'bun:test';
import { until } from '@parley/testing';
import { e2e } from '../support/e2e.ts';

/** The shell blocks of the docs page. A user copies them into one shell. */
async function shellBlocks(url: string): Promise<string[]> {
  const { info } = (await (await fetch(`${url}/openapi.json`)).json()) as { info: { description: string } };
  return [...info.description.matchAll(/```sh\n([^`]*)```/g)].map(([, block]) => block ?? '');
}

/** Runs a script and returns its output lines as JSON, one for each call of the API. */
async function run(script: string): Promise<unknown[]> {
  const shell = Bun.spawn(['bash', '-euo', 'pipefail', '-c', script], { stdout: 'pipe', stderr: 'pipe' });
  const [out, errors, status] = await Promise.all([
    new Response(shell.stdout).text(),
    new Response(shell.stderr).text(),
    shell.exited,
  ]);
  if (status !== 0) throw new Error(`the script ended with ${status}: ${errors}`);
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

test('the calls of the docs page lead from an application to a search', async () => {
  const { url } = await e2e();
  const [begin = '', rest = '', ...more] = await shellBlocks(url);
  expect(more).toEqual([]);
  expect(begin).toContain(`PARLEY=${url}\n`);

  const [application] = (await run(begin)) as [{ application_token: string }];
  expect(application).toMatchObject({ type: 'application', application_name: 'Support desk' });
  const calls = rest.replace(/^TOKEN=[0-9a-f-]{36}$/m, `TOKEN=${application.application_token}`);
  expect(calls).not.toBe(rest);

  const content = 'Where is my parcel?';
  const functions = begin.trim().split('\n').slice(0, -1).join('\n');
  const [chat, message, read] = await run(`${functions}\n${calls}`);
  expect(chat).toMatchObject({ type: 'chat', chat_number: 1, chat_name: 'Delivery questions' });
  expect(message).toMatchObject({ type: 'message', message_number: 1, message_content: content });
  expect(read).toMatchObject({ number: 1, content });
  // Lists and search show a create a little later, as the docs page says. So these calls are repeated.
  const [token, ...lines] = calls.trim().split('\n');
  const reads = [functions, token, ...lines.filter((line) => line.startsWith('get '))].join('\n');
  await until('the list and the search have the message', async () => {
    const [, list, hits] = (await run(reads)) as { number: number; content: string }[][];
    const found = { number: 1, content };
    return list?.[0]?.content === content && list.length === 1 && Bun.deepEquals(hits, [found]);
  });
});
