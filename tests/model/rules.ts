/**
 * Switches for the parts of the protocol (docs/decisions/0012-epochs.md). Without any of them the model must break a
 * promise: else the part is not needed, or the model too small to show it. Three are exceptions: without
 * `claimsOnlyUpwards` or `claimsInRunOfLook` an epoch only takes longer to open, and without `deletesBehindFence` contents
 * only stay longer in the queue.
 */
export interface Rules {
  /** Redis gives out numbers only in an open epoch. Without: any counter that exists gives numbers. */
  readonly drawComparesEpoch: boolean;
  /** Redis gives out numbers only if the epoch was claimed since its last restart. */
  readonly drawComparesRun: boolean;
  /** MySQL never gives the same epoch to two openers. */
  readonly epochsGivenOnce: boolean;
  /** An opener writes its epoch into Redis before its wait, so that draws of older epochs fail from then on. */
  readonly claimsBeforeWaiting: boolean;
  /** Redis refuses the claim of an epoch if it has an equal or higher one. */
  readonly claimsOnlyUpwards: boolean;
  /** Redis refuses the claim of an epoch if it was restarted after the opener looked at it. */
  readonly claimsInRunOfLook: boolean;
  /** An opener abandons its epoch after the claim if MySQL has given out a higher one meanwhile. */
  readonly abandonsOvertaken: boolean;
  /** An opener waits until no draw from before its claim can be acknowledged any more. */
  readonly waits: boolean;
  /** An opener sends a fence and waits until all events before it are stored. */
  readonly fences: boolean;
  /** At the fence of epoch n the worker sets `oldest` to n: it stores no events of older epochs any more. */
  readonly fenceRaisesOldest: boolean;
  /** An opener opens its epoch only if its claim is still in Redis, and Redis was not restarted since. */
  readonly opensOwnClaimOnly: boolean;
  /**
   * A worker reads `oldest` (the oldest epoch that may be stored) in the transaction that stores. Without: it remembers
   * `oldest` from its start and its fences.
   */
  readonly oldestInTransaction: boolean;
  /** The store recognizes a stored event by its id when the event is delivered again. */
  readonly knowsEventIds: boolean;
  /** The worker checks whether an event is stored before it checks whether its epoch is too old. */
  readonly knownBeforeLate: boolean;
  /** A dead letter of a too old epoch is not published again: another event may have its number, now or later. */
  readonly keepsLateLetters: boolean;
  /** A create is acknowledged only within two seconds of the request for its draw. */
  readonly acknowledgesInTime: boolean;
  /** A create is acknowledged only after RabbitMQ has confirmed its event. */
  readonly confirmsFirst: boolean;
  /** The highest stored number is read only after a fence, when all events before it are stored. */
  readonly looksBehindFence: boolean;
  /** A missing counter is created only under the epoch that was open before the read of the store. */
  readonly seedsNotedEpoch: boolean;
  /** Redis does not overwrite a counter that exists. */
  readonly seedsOnlyMissing: boolean;
  /** If Redis lacks a counter although a row of its epoch is stored, a new epoch is opened. */
  readonly lostCounterOpensEpoch: boolean;
  /** If Redis does not know a key, the store is asked for it, except in the first epoch. */
  readonly asksAboutUnknownKeys: boolean;
  /** If Redis has an unconfirmed key of an older epoch, the store is asked. Without: its event is published again. */
  readonly asksAboutOlderKeys: boolean;
  /** The store is asked whether it has the idempotency key. Without: whether it has the event that Redis has for it. */
  readonly asksByKey: boolean;
  /** What the store said about a key counts only in the epoch in which it was asked. */
  readonly answerCountsInItsEpoch: boolean;
  /** The note that a key is confirmed names its event. Redis ignores it if it has another event for the key. */
  readonly notesNameEvent: boolean;
  /** A delete marks the chat or application in the store before it tells Redis. */
  readonly marksFirst: boolean;
  /** A delete answers after a fence: what was accepted before is stored or discarded by then. */
  readonly deletesBehindFence: boolean;
  /** A deleted chat's counter keeps a value that says so, and is not seeded. Without: the counter is removed. */
  readonly keepsTombstone: boolean;
  /** Redis keeps that an application was deleted, for the numbers of its chats. */
  readonly keepsGoneKey: boolean;
  /** The transaction that stores compares `deletes`: whether anything was deleted since the worker looked at the chat. */
  readonly comparesDeletes: boolean;
  /** Redis looks whether the chat was deleted before it answers a known key. */
  readonly goneBeforeKey: boolean;
  /** Redis answers a known key only if the chat has a counter: after a loss the store decides whether it was deleted. */
  readonly counterBeforeKey: boolean;
  /** Redis answers a known key before it looks at the limit of messages. */
  readonly keyBeforeLimit: boolean;
  /** The store does not know the key of a create in a deleted chat. */
  readonly keyNeedsOwner: boolean;
}

export const PROTOCOL: Rules = {
  drawComparesEpoch: true,
  drawComparesRun: true,
  epochsGivenOnce: true,
  claimsBeforeWaiting: true,
  claimsOnlyUpwards: true,
  claimsInRunOfLook: true,
  abandonsOvertaken: true,
  waits: true,
  fences: true,
  fenceRaisesOldest: true,
  opensOwnClaimOnly: true,
  oldestInTransaction: true,
  knowsEventIds: true,
  knownBeforeLate: true,
  keepsLateLetters: true,
  acknowledgesInTime: true,
  confirmsFirst: true,
  looksBehindFence: true,
  seedsNotedEpoch: true,
  seedsOnlyMissing: true,
  lostCounterOpensEpoch: true,
  asksAboutUnknownKeys: true,
  asksAboutOlderKeys: true,
  asksByKey: true,
  answerCountsInItsEpoch: true,
  notesNameEvent: true,
  marksFirst: true,
  deletesBehindFence: true,
  keepsTombstone: true,
  keepsGoneKey: true,
  comparesDeletes: true,
  goneBeforeKey: true,
  counterBeforeKey: true,
  keyBeforeLimit: true,
  keyNeedsOwner: true,
};

export function without(...parts: readonly (keyof Rules)[]): Rules {
  return { ...PROTOCOL, ...Object.fromEntries(parts.map((part) => [part, false])) };
}
