import { expect, test } from 'bun:test';
import { Pace } from './pace.ts';

/** Runs the piece as often as it can within so many milliseconds; answers the share of the time that it took. */
async function shareOf(pace: Pace, piece: () => Promise<void>, withinMs: number): Promise<number> {
  let busy = 0;
  const begun = performance.now();
  while (performance.now() - begun < withinMs) {
    const from = performance.now();
    await pace.run(piece).catch(() => {});
    busy += performance.now() - from;
    await Bun.sleep(1);
  }
  return busy / (performance.now() - begun);
}

const slow = () => Bun.sleep(20);
const failing = async () => {
  await slow();
  throw new Error('away');
};

test('work takes no more than its share of the time, whether it succeeds or not', async () => {
  // The last piece may just have ended, without the rest that belongs to it.
  expect(await shareOf(new Pace(0.2), slow, 400)).toBeLessThan(0.3);
  expect(await shareOf(new Pace(0.2), failing, 400)).toBeLessThan(0.3);
});

test('what takes no time is done each time', async () => {
  const pace = new Pace(1);
  let done = 0;
  for (let count = 0; count < 5; count += 1) {
    await pace.run(async () => {
      done += 1;
    });
  }
  expect(done).toBe(5);
});

test('the failure of a piece is told', async () => {
  await expect(new Pace(0.5).run(failing)).rejects.toThrow('away');
});
