import { expect, test } from 'bun:test';
import type { AccessHint } from '@parley/domain';
import { thrownApart } from '@parley/testing';
import { EmbeddedHints } from './access-hints.ts';

test('each hint reaches the listener before `tell` resolves, and none is lost since the start', async () => {
  const before = performance.now();
  const hints = new EmbeddedHints();
  await hints.tell({ kind: 'changed' }); // nobody listens yet
  const taken: AccessHint[] = [];
  hints.listen((hint) => taken.push(hint));
  await hints.tell({ kind: 'revoked', id: 'a' });
  expect(taken).toEqual([{ kind: 'revoked', id: 'a' }]);
  await hints.tell({ kind: 'changed' });
  expect(taken).toHaveLength(2);
  const since = await hints.unbrokenSince();
  expect(since).toBeWithin(before, performance.now());
  expect(await hints.unbrokenSince()).toBe(since);
});

test('a listener that throws is no failure of who tells', async () => {
  const hints = new EmbeddedHints();
  hints.listen(() => {
    throw new Error('a bug');
  });
  expect(await thrownApart(() => hints.tell({ kind: 'changed' }))).toEqual([new Error('a bug')]);
});
