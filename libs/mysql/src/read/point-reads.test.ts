import { expect, test } from 'bun:test';
import { PointReads } from './point-reads.ts';

/** A PointReads whose statements wait until the test releases them, and the keys of each statement. */
function recorded(answer: (key: number) => string | undefined) {
  const asked: number[][] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const reads = new PointReads<number, string>(String, async (keys) => {
    asked.push([...keys]);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    const rows = keys.flatMap((key) => {
      const row = answer(key);
      return row === undefined ? [] : [[String(key), row] as const];
    });
    return new Map(rows);
  });
  return { reads, asked, gates };
}

const ticks = () => Bun.sleep(5);

test('the keys of a tick are read in one statement, each once, and missing rows are undefined', async () => {
  const { reads, asked, gates } = recorded((key) => (key === 2 ? undefined : `row ${key}`));
  const answers = Promise.all([1, 2, 3, 1].map((key) => reads.get(key)));
  await ticks();
  expect(asked).toEqual([[1, 2, 3]]);
  gates[0]?.resolve();
  expect(await answers).toEqual(['row 1', undefined, 'row 3', 'row 1']);
});

test('a key that is asked for while it is being read is read again, so no row is older than its call', async () => {
  const { reads, asked, gates } = recorded((key) => `row ${key}`);
  const first = reads.get(1);
  await ticks();
  const second = reads.get(1);
  await ticks();
  expect(asked).toEqual([[1], [1]]);
  for (const gate of gates) gate.resolve();
  expect(await Promise.all([first, second])).toEqual(['row 1', 'row 1']);
});

test('keys that come while three statements run are collected, at most a hundred for each next statement', async () => {
  const { reads, asked, gates } = recorded((key) => `row ${key}`);
  const answers: Promise<string | undefined>[] = [];
  for (let key = 0; key < 253; key += 1) {
    answers.push(reads.get(key));
    if (key < 3) await ticks();
  }
  await ticks();
  expect(asked).toEqual([[0], [1], [2]]);
  for (let sent = 0; sent < 6; sent += 1) {
    gates[sent]?.resolve();
    await ticks();
  }
  expect(asked.map((keys) => keys.length)).toEqual([1, 1, 1, 100, 100, 50]);
  expect(await Promise.all(answers)).toHaveLength(253);
});

test('a failed statement rejects its own callers only', async () => {
  const { reads, gates } = recorded((key) => `row ${key}`);
  const failing = Promise.allSettled([reads.get(1), reads.get(2)]);
  await ticks();
  gates[0]?.reject(new Error('lost'));
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const next = reads.get(1);
  await ticks();
  gates[1]?.resolve();
  expect(await next).toBe('row 1');
});
