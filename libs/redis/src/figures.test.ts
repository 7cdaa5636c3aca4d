import { expect, test } from 'bun:test';
import { newEventId, type ProgramFigures, Unavailable } from '@parley/domain';
import { failure, until } from '@parley/testing';
import { Redis } from 'ioredis';
import { redisUrl } from './testing/keys.ts';
import { TestSystem } from './testing/system.ts';

const system = new TestSystem();

function figuresOf(startedAt = 0): ProgramFigures {
  return { id: newEventId(), name: 'api', version: '1', startedAt, at: startedAt, values: { requests_total: 7 } };
}

test('figures are forgotten ten seconds after they were put, and nothing is left of them', async () => {
  const { figures } = await system.ready();
  const client = new Redis(redisUrl());
  const put = figuresOf();
  await figures.put(put);
  const [programs, own] = [`${system.prefix}{figures}:programs`, `${system.prefix}{figures}:of:${put.id}`];
  for (const name of [programs, own]) expect(await client.pttl(name)).toBeWithin(9_000, 10_001);
  await client.pexpire(own, 1);
  await until('they have expired', async () => (await client.exists(own)) === 0);
  expect(await figures.all()).toEqual([]);
  // The next program to put its own removes those that are older than ten seconds from the list.
  await client.zadd(programs, Date.now() - 11_000, put.id);
  await figures.put(figuresOf());
  expect(await client.zcard(programs)).toBe(1);
  client.disconnect();
});

test('of more than 1,000 programs the last ones are kept', async () => {
  const { figures } = await system.ready();
  for (let index = 0; index < 1_010; index += 1) await figures.put(figuresOf(index));
  const all = await figures.all();
  expect(all).toHaveLength(1_000);
  // Several may have been put in one millisecond.
  expect(all.at(-1)?.startedAt).toBeGreaterThan(1_000);
});

test('what another version has written in another form is left out', async () => {
  const { figures } = await system.ready();
  const good = figuresOf();
  await figures.put({ ...figuresOf(), name: 7 } as never);
  await figures.put({ ...figuresOf(), values: null } as never);
  await figures.put({ ...good, values: { requests_total: 7, label: 'text' } } as never);
  expect(await figures.all()).toEqual([good]);
});

test('without a connection both are refused', async () => {
  const drivers = await system.ready();
  await drivers.close();
  expect(await failure(drivers.figures.put(figuresOf()))).toBeInstanceOf(Unavailable);
  expect(await failure(drivers.figures.all())).toBeInstanceOf(Unavailable);
});
