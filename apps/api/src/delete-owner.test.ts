import { expect, test } from 'bun:test';
import { Gone, NotFound, newToken, Unavailable, VersionConflict } from '@parley/domain';
import { failure } from '@parley/testing';
import { deleteOwner } from './delete-owner.ts';
import type { ApiParts } from './parts.ts';

const token = newToken();

/** Parts that record their calls. The store's deletes answer with `answers` in turn; `failing` rejects. */
function partsWith(answers: readonly (boolean | Error)[], failing?: string) {
  const calls: string[] = [];
  const left = [...answers];
  const call = async (name: string) => {
    calls.push(name);
    if (name === failing) throw new Unavailable('numbers', 'away');
  };
  const deletes = async (_: unknown, ...rest: unknown[]) => {
    await call(`delete ${JSON.stringify(rest)}`);
    const answer = left.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const parts = {
    store: { deleteApplication: deletes, deleteChat: deletes, reached: () => call('reached') },
    events: { fence: () => call('fence') },
    numbering: { retire: (owner: object) => call(`retire ${Object.keys(owner)}`) },
  } as unknown as ApiParts;
  return { parts, calls };
}

test('a delete is committed, then numbers end, then what was accepted before is stored or discarded', async () => {
  const { parts, calls } = partsWith([true]);
  await deleteOwner(parts, { token, chat: 4 }, [7]);
  expect(calls).toEqual(['delete [4,[7]]', 'retire token,chat', 'fence']);
  const application = partsWith([true]);
  await deleteOwner(application.parts, { token }, undefined);
  expect(application.calls).toEqual(['delete [null]', 'retire token', 'fence']);
});

test('what is not stored yet is waited for; what does not exist then is a 404, and no number ends', async () => {
  const late = partsWith([false, true]);
  await deleteOwner(late.parts, { token, chat: 4 }, undefined);
  expect(late.calls).toEqual(['delete [4,null]', 'fence', 'reached', 'delete [4,null]', 'retire token,chat', 'fence']);
  const absent = partsWith([false, false]);
  expect(await failure(deleteOwner(absent.parts, { token, chat: 4 }, undefined))).toBeInstanceOf(NotFound);
  expect(absent.calls.some((each) => each.startsWith('retire'))).toBe(false);
});

test('a delete whose numbers cannot end, or whose fence fails, is refused: a repetition does it all again', async () => {
  for (const step of ['retire token', 'fence']) {
    const { parts } = partsWith([true], step);
    expect(await failure(deleteOwner(parts, { token }, undefined)), step).toBeInstanceOf(Unavailable);
  }
});

test('another version deletes nothing', async () => {
  for (const error of [new VersionConflict(), new Gone('application')]) {
    const { parts, calls } = partsWith([error]);
    expect(await failure(deleteOwner(parts, { token }, [1]))).toBe(error);
    expect(calls).toEqual(['delete [[1]]']);
  }
});
