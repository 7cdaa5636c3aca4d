/**
 * The protocol of numbers, epochs, fences, keys and deletes (docs/decisions/0012-epochs.md, 0023-deleted-is-gone.md), as
 * a model of which every state is visited: every order of its steps and of the accidents, in small scopes (scopes.ts).
 * They have over 600,000 states together; `bin/bun test tests/model` prints how many each has. What must hold in every state is in
 * invariants.ts; what goes wrong without each part of the protocol is in mutations.test.ts.
 *
 * In the model are:
 * - Processes that draw, seed counters, ask about a key, publish, acknowledge or refuse, and may pause anywhere.
 * - Openers of epochs, which go on where another one stopped, or come back much later.
 * - A worker, and another one that is frozen with unacked deliveries.
 * - A delete of the chat or its application: it marks the owner in the store, tells Redis, passes a fence and answers.
 *   The rows are removed at any time after the mark.
 * - A limit of messages, which may be reached at any draw.
 * - Events that reach the queue long after their create was refused.
 * - Redis. It restarts with its data, with older data or empty, is emptied without a restart, or loses one counter.
 *
 * classes.test.ts shows that these processes do what the classes of libs/protocol do: it takes the steps of both.
 *
 * Left out are:
 * - Time. The two seconds are a set of draws that can still be acknowledged; any draw may leave it at any moment. An
 *   opener's wait ends when no draw from before it is left. Keys are kept for ever instead of 24 hours, and no counter
 *   expires.
 * - All but one partition, one sequence (the numbers of one chat), one key, and creates of a single number.
 * - What is above and beside the deleted chat: an application's own numbers, and its other chats.
 * - The start of a new chat's counter: it is like a seed that has read 0.
 * - Losses inside RabbitMQ and MySQL: what the queue confirmed and what the store committed stays. The queue is first
 *   in, first out, and redelivers in the same order.
 * - Two Redis servers that both answer (split brain).
 */
import { expect, setDefaultTimeout, test } from 'bun:test';
import { explore } from './explore.ts';
import { size, told } from './report.ts';
import { PROTOCOL } from './rules.ts';
import { SCOPES } from './scopes.ts';

setDefaultTimeout(60_000);

for (const [name, scope] of Object.entries(SCOPES)) {
  test(`${name}: nothing acknowledged is lost, no number and no key is given twice`, () => {
    const explored = explore({ scope, rules: PROTOCOL });
    console.log(`  ${name}: ${size(explored)}`);
    expect(told(explored)).toBeUndefined();
    expect(explored.complete).toBeTrue();
  });
}

test('the reduced state space hides nothing: the same holds in the whole one', () => {
  for (const name of ['forgotten', 'a deleted chat, a lost counter'] as const) {
    const explored = explore({ scope: SCOPES[name], rules: PROTOCOL }, { reduced: false });
    expect(told(explored)).toBeUndefined();
    expect(explored.complete).toBeTrue();
  }
});

test('not covered: a counter is lost while everything drawn from it is still on its way to the queue', () => {
  const scope = { ...SCOPES['a lost counter'], loss: 'any-time' } as const;
  expect(explore({ scope, rules: PROTOCOL }).violation).toBeDefined();
});
