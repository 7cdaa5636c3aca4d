import { expect, test } from 'bun:test';
import { FIGURES_SECONDS } from '@parley/domain';
import { EmbeddedFigures } from './figures.ts';

const figuresOf = (id: string, name: string, startedAt = 1, values = {}) => ({
  ...{ id, name, version: '1', startedAt, at: 2, values },
});

test('the figures of each program are its last ones, by name and start, until it is silent for too long', async () => {
  let now = 0;
  const figures = new EmbeddedFigures(() => now);
  expect(await figures.all()).toEqual([]);
  await figures.put(figuresOf('a', 'worker', 5));
  await figures.put(figuresOf('b', 'standalone'));
  await figures.put(figuresOf('c', 'worker', 3));
  await figures.put(figuresOf('b', 'standalone', 1, { messages: 7 }));
  const all = async () => (await figures.all()).map(({ id }) => id);
  expect(await all()).toEqual(['b', 'c', 'a']);
  expect((await figures.all())[0]?.values).toEqual({ messages: 7 });
  now = FIGURES_SECONDS * 1_000;
  await figures.put(figuresOf('a', 'worker', 5));
  expect(await all()).toEqual(['b', 'c', 'a']);
  now += 1;
  expect(await all()).toEqual(['a']);
});
