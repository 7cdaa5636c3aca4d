import { test } from 'bun:test';
import { e2e } from '../support/e2e.ts';
import { expectReadmeCalls } from '../support/readme.ts';

test('the calls of the README give the printed answers', async () => {
  const { url } = await e2e();
  await expectReadmeCalls(url);
});
