/**
 * The protocol of numbers, epochs, fences and keys (docs/decisions/0012-epochs.md), as a model that is gone through
 * completely: every order in which its steps and the accidents can happen, in a dozen small scopes (scopes.ts), which have
 * over 400,000 states together: `bin/bun test tests/model` prints how many each. What must hold in every one of
 * them is in invariants.ts; what goes wrong without each part of the protocol, in mutations.test.ts.
 *
 * In the model: processes that draw, seed counters, ask about a key, publish, acknowledge or refuse, and may pause
 * anywhere; those that open epochs, and go on where another stopped, or come back much later; a worker, and another that
 * is frozen with deliveries in hand; events that reach the queue long after their create was refused. Redis is restarted
 * with its data, with older data or empty, is emptied without a restart, loses one counter.
 *
 * That the processes in the model do what the classes of libs/protocol do is shown by classes.test.ts, which takes the same steps with
 * these classes.
 *
 * Left out:
 * - Time. The two seconds are a set: draws that can still be acknowledged. Any of them may lose that at any moment, and the
 *   wait ends when none from before it is left. The 24 hours of a key never end, a counter never expires.
 * - All but one partition, one sequence, one key, creates of a single number. Owners of sequences: a counter that is
 *   opened for a new owner is a seed that has read 0.
 * - Losses inside RabbitMQ and MySQL: what the queue confirmed and what the store committed stays. The queue is first in,
 *   first out, and gives what was not acknowledged again, in its order.
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

test('what is taken away as sure to fail hides nothing: the same holds without taking it away', () => {
  const explored = explore({ scope: SCOPES.forgotten, rules: PROTOCOL }, { reduced: false });
  expect(told(explored)).toBeUndefined();
  expect(explored.complete).toBeTrue();
});

test('not covered: a counter lost alone while all that was drawn from it is still on its way to the queue', () => {
  const scope = { ...SCOPES['a lost counter'], loss: 'any-time' } as const;
  expect(explore({ scope, rules: PROTOCOL }).violation).toBeDefined();
});
