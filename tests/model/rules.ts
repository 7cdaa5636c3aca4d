/**
 * The parts of the protocol. The model can leave out each of them, and that must lead to a violation: else the part is
 * not needed, or the model is too small to show why it is.
 */
export interface Rules {
  /** A draw's script compares the epoch and its state. Without: any existing counter gives numbers. */
  readonly drawComparesEpoch: boolean;
  /** A draw's script compares the run in which the epoch was opened with the server's. */
  readonly drawComparesRun: boolean;
  /** The same epoch is never given to two openers. */
  readonly epochsGivenOnce: boolean;
  /** The epoch is written into Redis before the wait, so that no draw of an older epoch passes any more. */
  readonly claimsBeforeWaiting: boolean;
  /** A claim is refused if Redis has an equal or higher epoch. */
  readonly claimsOnlyUpwards: boolean;
  /** A claim is refused if Redis has another run than at the look. */
  readonly claimsInRunOfLook: boolean;
  /** After the claim: if MySQL has given out a higher epoch meanwhile, this one is abandoned. */
  readonly abandonsOvertaken: boolean;
  /** The opener waits until nothing older than the claim can be acknowledged. */
  readonly waits: boolean;
  /** The opener sends a fence and waits for its answer. */
  readonly fences: boolean;
  /** At a fence of epoch n, the worker sets `oldest` to n. */
  readonly fenceRaisesOldest: boolean;
  /** The epoch is opened only if n and the run are still those of the claim. */
  readonly opensOwnClaimOnly: boolean;
  /** `oldest` is read in the transaction that stores. Without: a worker remembers it from its start and its fences. */
  readonly oldestInTransaction: boolean;
  /** A stored event is recognized by its id when it comes again. */
  readonly knowsEventIds: boolean;
  /** Whether an event is stored already is checked before whether it is late. */
  readonly knownBeforeLate: boolean;
  /** A late dead letter is not published again: another event may have its number, now or later. */
  readonly keepsLateLetters: boolean;
  /** Acknowledged only within two seconds of the request for the draw. */
  readonly acknowledgesInTime: boolean;
  /** Acknowledged only after the queue's confirm. */
  readonly confirmsFirst: boolean;
  /** The highest number is read after a fence. */
  readonly looksBehindFence: boolean;
  /** A counter is created under the epoch that was known before the look into the store. */
  readonly seedsNotedEpoch: boolean;
  /** A counter that exists is not created again. */
  readonly seedsOnlyMissing: boolean;
  /** If a counter is missing although a row of its epoch is stored, a new epoch is opened. */
  readonly lostCounterOpensEpoch: boolean;
  /** A key that is unknown in an epoch other than the first is looked up in the store. */
  readonly asksAboutUnknownKeys: boolean;
  /** An unconfirmed key of an older epoch is looked up in the store. Without: its event is published again. */
  readonly asksAboutOlderKeys: boolean;
  /** The store is asked for the key. Without: for the event that Redis knows. */
  readonly asksByKey: boolean;
  /** What the store said about a key counts only in the epoch in which it was asked. */
  readonly answerCountsInItsEpoch: boolean;
  /** The note that a key is confirmed names its event. It is dropped if Redis has another event for the key. */
  readonly notesNameEvent: boolean;
}

/** The whole protocol. */
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
};

export function without(...parts: readonly (keyof Rules)[]): Rules {
  return { ...PROTOCOL, ...Object.fromEntries(parts.map((part) => [part, false])) };
}
