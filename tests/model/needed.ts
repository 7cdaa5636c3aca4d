import type { Rules } from './rules.ts';
import type { ScopeName } from './scopes.ts';

export type Needed = Exclude<keyof Rules, 'claimsInRunOfLook' | 'claimsOnlyUpwards' | 'deletesBehindFence'>;

/** What goes wrong without a part of the protocol, and in which scope that is seen. */
export const NEEDED: Record<Needed, [ScopeName, RegExp]> = {
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
  marksFirst: ['a deleted chat', /began after the delete/],
  keepsTombstone: ['a deleted chat', /began after the delete/],
  keepsGoneKey: ['a deleted application', /began after the delete/],
  comparesDeletes: ['a deleted chat', /stored after the rows were removed/],
  goneBeforeKey: ['one key in a deleted chat', /began after the delete/],
  counterBeforeKey: ['one key in a deleted chat', /began after the delete/],
  keyBeforeLimit: ['a limit', /refused by the limit/],
  keyNeedsOwner: ['one key in a deleted chat', /began after the delete/],
};
