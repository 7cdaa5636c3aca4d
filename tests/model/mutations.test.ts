/**
 * Each part of the protocol is there for a reason: without it, something goes wrong.
 * `MODEL_TRACES=1 bin/bun test tests/model/mutations` prints the shortest way to it.
 */
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { explore } from './explore.ts';
import { told } from './report.ts';
import { PROTOCOL, type Rules, without } from './rules.ts';
import { SCOPES, type ScopeName } from './scopes.ts';

setDefaultTimeout(60_000);

/** What goes wrong without a part, and in which scope that is seen. */
const NEEDED: Record<Exclude<keyof Rules, 'claimsInRunOfLook' | 'claimsOnlyUpwards'>, [ScopeName, RegExp]> = {
  drawComparesEpoch: ['forgotten', /drawn after/],
  drawComparesRun: ['older data', /drawn after/],
  epochsGivenOnce: ['forgotten', /another's/],
  claimsBeforeWaiting: ['forgotten', /'oldest' has passed it/],
  abandonsOvertaken: ['start', /'oldest' has passed it/],
  waits: ['forgotten', /'oldest' has passed it/],
  fences: ['forgotten', /another's/],
  fenceRaisesOldest: ['forgotten', /another's/],
  opensOwnClaimOnly: ['older data', /'oldest' has passed it/],
  oldestInTransaction: ['frozen', /another's/],
  knowsEventIds: ['frozen', /collides/],
  knownBeforeLate: ['frozen', /rejected: late/],
  keepsLateLetters: ['forgotten', /another's|drawn after|collides/],
  acknowledgesInTime: ['forgotten', /'oldest' has passed it/],
  confirmsFirst: ['forgotten', /neither stored nor in the queue/],
  looksBehindFence: ['a lost counter', /drawn after/],
  seedsNotedEpoch: ['start', /drawn after/],
  seedsOnlyMissing: ['forgotten', /drawn after/],
  lostCounterOpensEpoch: ['a lost counter', /drawn after/],
  asksAboutUnknownKeys: ['one key', /two answers/],
  asksAboutOlderKeys: ['one key', /'oldest' has passed it/],
  asksByKey: ['one key', /two answers/],
  answerCountsInItsEpoch: ['one key and another create', /two answers/],
  notesNameEvent: ['one key three times', /acknowledged twice/],
};

describe('without', () => {
  for (const [part, [name, expected]] of Object.entries(NEEDED)) {
    test(`${part}, something goes wrong`, () => {
      const explored = explore({ scope: SCOPES[name], rules: { ...PROTOCOL, [part]: false } });
      if (process.env.MODEL_TRACES !== undefined) console.log(`  without ${part}: ${told(explored)}`);
      expect(explored.violation?.what ?? 'nothing goes wrong').toMatch(expected);
    });
  }
});

test('a claim from an earlier look, or below another, only costs time: whoever was overtaken abandons it', () => {
  const rules = without('claimsInRunOfLook', 'claimsOnlyUpwards');
  const explored = explore({ scope: SCOPES.forgotten, rules });
  expect(told(explored)).toBeUndefined();
  expect(explored.complete).toBeTrue();
});
