import { expect, test } from 'bun:test';
import { type AccessKey, newSecretKey } from '@parley/domain';
import { OWN, openedAccess, outcome } from '../testing/opened-access.ts';

function counted(ends: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const end of ends) counts[end] = (counts[end] ?? 0) + 1;
  return counts;
}

test('a flood of unknown keys leads to five queries a second, and known keys go on', async () => {
  const its = await openedAccess();
  const known = `Bearer ${its.keys.make(OWN).text}`;
  expect(await its.tried('getMessage', known)).toBe('key');
  const before = its.keys.lookups.length;
  const asked: Promise<string>[] = [];
  for (let turn = 0; turn < 60; turn += 1) {
    for (let each = 0; each < 30; each += 1) {
      asked.push(outcome(() => its.ask('getMessage', `Bearer ${newSecretKey(OWN)}`)));
    }
    expect(its.ask('getMessage', known)).toMatchObject({ kind: 'key' });
    await its.clock.advance(50);
  }
  await its.clock.advance(1_000);
  expect(counted(await Promise.all(asked))).toEqual({ Unauthenticated: 1_800 });
  const queries = its.keys.lookups.slice(before);
  expect(queries.length).toBeWithin(10, 17);
  for (const [index, { at }] of queries.entries()) {
    expect(at - (queries[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(200);
  }
});

test('a new key among them is found', async () => {
  const its = await openedAccess();
  const flood = Array.from({ length: 3_000 }, () =>
    outcome(() => its.ask('getMessage', `Bearer ${newSecretKey(OWN)}`)),
  );
  const found = outcome(() => its.ask('getMessage', `Bearer ${its.keys.make(OWN).text}`));
  await its.clock.advance(1_000);
  expect(await found).toBe('key');
  expect(counted(await Promise.all(flood))).toEqual({ Unauthenticated: 3_000 });
  expect(its.keys.lookups.map(({ hashes }) => hashes)).toEqual([1_000, 1_000, 1_000, 1]);
});

test('more than ten thousand are refused at once', async () => {
  const its = await openedAccess();
  const header = () => `Bearer ${newSecretKey(OWN)}`;
  const flood = Array.from({ length: 10_500 }, () => outcome(() => its.ask('getMessage', header())));
  expect(await Promise.race(flood)).toBe('Unavailable');
  await its.clock.advance(3_000);
  expect(counted(await Promise.all(flood))).toEqual({ Unauthenticated: 10_000, Unavailable: 500 });
}, 20_000);

test('a slow store has those refused that wait for longer than two seconds', async () => {
  const its = await openedAccess();
  const quick = its.keys.keysByHash.bind(its.keys);
  its.keys.keysByHash = async (hashes) => {
    await new Promise<void>((resolve) => its.clock.after(1_500, resolve));
    return quick(hashes);
  };
  const flood = Array.from({ length: 3_000 }, () =>
    outcome(() => its.ask('getMessage', `Bearer ${newSecretKey(OWN)}`)),
  );
  await its.clock.advance(3_100);
  expect(counted(await Promise.all(flood))).toEqual({ Unauthenticated: 1_000, Unavailable: 2_000 });
});

test('a store that does not answer has nobody wait for longer than two seconds', async () => {
  const its = await openedAccess();
  let give: (found: ReadonlyMap<string, AccessKey>) => void = () => {};
  its.keys.keysByHash = () => new Promise((resolve) => (give = resolve));
  const header = `Bearer ${newSecretKey(OWN)}`;
  const ends: string[] = [];
  const ask = async (text: string) => void ends.push(await outcome(() => its.ask('getMessage', text)));
  const asked = [ask(header)];
  await its.clock.advance(500);
  asked.push(ask(header), ask(`Bearer ${newSecretKey(OWN)}`));
  await its.clock.advance(1_500);
  expect(ends).toEqual(['Unavailable', 'Unavailable']);
  await its.clock.advance(500);
  expect(ends).toEqual(['Unavailable', 'Unavailable', 'Unavailable']);
  give(new Map());
  await Promise.all(asked);
  expect(await its.tried('getMessage', header)).toBe('Unauthenticated');
});

test('an outage refuses all that wait, and nobody is taken for unknown afterwards', async () => {
  const its = await openedAccess();
  its.keys.away = true;
  const { text } = its.keys.make(OWN);
  const waiting = Array.from({ length: 1_500 }, () =>
    outcome(() => its.ask('getMessage', `Bearer ${newSecretKey(OWN)}`)),
  );
  const own = outcome(() => its.ask('getMessage', `Bearer ${text}`));
  await its.clock.advance(0);
  expect(counted(await Promise.all([...waiting, own]))).toEqual({ Unavailable: 1_501 });
  expect(its.keys.lookups).toHaveLength(1);
  its.keys.away = false;
  await its.clock.advance(200);
  expect(await its.tried('getMessage', `Bearer ${text}`)).toBe('key');
});
