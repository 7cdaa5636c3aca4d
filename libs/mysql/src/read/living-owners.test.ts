import { expect, test } from 'bun:test';
import { newToken } from '@parley/domain';
import { LivingOwners } from './living-owners.ts';

const token = newToken();
const key = { partition: 3, token, chat: 7 };

/** Owners over a database of one chat. `told`: which tables were read. */
function owners() {
  const state = { deletes: 5, lives: true, hidden: 0, deletesAfterLookUp: 5 };
  const told: string[] = [];
  const select = async (sql: string) => {
    const table = /FROM (\w+)/.exec(sql)?.[1] ?? '';
    told.push(table);
    if (table === 'partitions') return [{ partition_number: 3, deletes: state.deletes }];
    state.deletes = Math.max(state.deletes, state.deletesAfterLookUp);
    const row = { token: Buffer.from(token.replaceAll('-', ''), 'hex'), number: 7, purged_through: state.hidden };
    return state.lives ? [row] : [];
  };
  return { state, told, owners: new LivingOwners(select as never) };
}

test('an owner is looked up once while nothing is deleted', async () => {
  const { told, owners: living } = owners();
  expect(await living.chat(key)).toBe(0);
  expect(await living.chat(key)).toBe(0);
  expect(await living.application(key)).toBe(true);
  expect(await living.application(key)).toBe(true);
  expect(told).toEqual(['partitions', 'chats', 'partitions', 'partitions', 'applications', 'partitions']);
});

test('all reads of a tick read `deletes` once', async () => {
  const { told, owners: living } = owners();
  await living.chat(key);
  told.length = 0;
  await Promise.all(Array.from({ length: 50 }, () => living.chat(key)));
  expect(told).toEqual(['partitions']);
});

test('after a delete in the partition it is looked up again, and what does not live is not remembered', async () => {
  const { state, owners: living } = owners();
  await living.chat(key);
  Object.assign(state, { deletes: 6, lives: false });
  expect(await living.chat(key)).toBeUndefined();
  expect(living.known(key, 6)).toBeUndefined();
  expect(await living.application(key)).toBe(false);
});

test('hidden messages are told, and guessed from what was known last', async () => {
  const { state, owners: living } = owners();
  expect(living.guess(key)).toBe(0);
  Object.assign(state, { deletes: 6, hidden: 40 });
  expect(await living.chat(key)).toBe(40);
  expect(living.guess(key)).toBe(40);
  expect([living.known(key, 6), living.known(key, 7)]).toEqual([40, undefined]);
});

test('a delete that comes between the look at `deletes` and the look-up is seen by the next read', async () => {
  const { state, told, owners: living } = owners();
  state.deletesAfterLookUp = 6; // the look-up still finds the chat, but `deletes` was read before
  expect(await living.chat(key)).toBe(0);
  told.length = 0;
  state.lives = false;
  expect(await living.chat(key)).toBeUndefined();
  expect(told).toEqual(['partitions', 'chats']);
});
