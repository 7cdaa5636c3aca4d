/**
 * Each part of the protocol is there for a reason: without it, a promise is broken.
 * `MODEL_TRACES=1 bin/bun test tests/model/mutations` prints the shortest path to the violation.
 */
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { explore } from './explore.ts';
import { NEEDED } from './needed.ts';
import { told } from './report.ts';
import { PROTOCOL, without } from './rules.ts';
import { SCOPES } from './scopes.ts';

setDefaultTimeout(60_000);

describe('without', () => {
  for (const [part, [name, expected]] of Object.entries(NEEDED)) {
    test(`${part}, something goes wrong`, () => {
      const explored = explore({ scope: SCOPES[name], rules: { ...PROTOCOL, [part]: false } });
      if (process.env.MODEL_TRACES !== undefined) console.log(`  without ${part}: ${told(explored)}`);
      expect(explored.violation?.what ?? 'nothing goes wrong').toMatch(expected);
    });
  }
});

test('a claim after an old look, or below another, only costs time: an overtaken opener abandons its epoch', () => {
  const rules = without('claimsInRunOfLook', 'claimsOnlyUpwards');
  const explored = explore({ scope: SCOPES.forgotten, rules });
  expect(told(explored)).toBeUndefined();
  expect(explored.complete).toBeTrue();
});

test('a delete that passes no fence breaks no promise: what was accepted before only waits longer to be discarded', () => {
  const explored = explore({ scope: SCOPES['a deleted chat'], rules: without('deletesBehindFence') });
  expect(told(explored)).toBeUndefined();
  expect(explored.complete).toBeTrue();
});
