import { expect, test } from 'bun:test';
import { failure } from './failure.ts';
import { drawFrom, publishTo } from './taker.ts';
import { thrownApart } from './thrown-apart.ts';

const refused = new Error('refused');

test('a draw and a publish settle as their taker is told', async () => {
  const draws = { draw: (count: number, taker: Parameters<Draw>[1]) => taker.drawAnswered(count + 1) };
  expect(await drawFrom(draws, 4)).toBe(5);
  expect(await failure(drawFrom({ draw: (_: number, taker) => taker.drawFailed(refused) }, 4))).toBe(refused);
  expect(await publishTo({ publish: (_: string, taker) => taker.published() }, 'x')).toBeUndefined();
  expect(await failure(publishTo({ publish: (_: string, taker) => taker.publishFailed(refused) }, 'x'))).toBe(refused);
});

test('a taker that is told twice is an error that nobody catches', async () => {
  const twice = {
    publish: (_: string, taker: Parameters<Publish>[1]) => {
      taker.published();
      taker.publishFailed(refused);
    },
  };
  expect((await thrownApart(() => publishTo(twice, 'x'))).map(String)).toEqual(['Error: a taker was told 2 times']);
});

type Draw = (count: number, taker: { drawAnswered(answer: number): void; drawFailed(error: Error): void }) => void;
type Publish = (event: string, taker: { published(): void; publishFailed(error: Error): void }) => void;
