import { expect, test } from 'bun:test';
import { Pace } from './pace.ts';

/** A job that takes 20 ms of a fake clock and may use a fifth of the time. */
function slow() {
  const clock = { now: 1_000, done: 0, fails: false };
  const pace = new Pace(0.2, () => clock.now);
  const run = () =>
    pace.run(async () => {
      clock.now += 20;
      clock.done += 1;
      if (clock.fails) throw new Error('away');
    });
  return { clock, run };
}

test('after a piece it rests in proportion to the time that the piece took', async () => {
  const { clock, run } = slow();
  await run();
  for (const passed of [0, 1, 78]) {
    clock.now += passed;
    await run();
    expect(clock.done).toBe(1);
  }
  clock.now += 1;
  await run();
  expect(clock.done).toBe(2);
});

test('a piece that fails rejects, and a rest follows it too', async () => {
  const { clock, run } = slow();
  clock.fails = true;
  await expect(run()).rejects.toThrow('away');
  clock.now += 79;
  await run();
  expect(clock.done).toBe(1);
  clock.now += 1;
  await expect(run()).rejects.toThrow('away');
});

test('a piece that takes no time runs each time', async () => {
  let done = 0;
  const pace = new Pace(0.2, () => 0);
  for (let count = 0; count < 5; count += 1) {
    await pace.run(async () => {
      done += 1;
    });
  }
  expect(done).toBe(5);
});
