/**
 * The parts of the protocol, each of which the model can leave out. What a test leaves out must lead to a violation:
 * else the part is not needed, or the model is too small to show why it is.
 */
export interface Rules {
  /** A draw's script compares the epoch and its state. Without: whatever counter is there gives numbers. */
  readonly drawComparesEpoch: boolean;
  /** A draw's script compares the run in which the epoch was opened with the server's. */
  readonly drawComparesRun: boolean;
  /** No number is given out as an epoch twice, whoever asks. */
  readonly epochsGivenOnce: boolean;
  /** The epoch is written into Redis before the wait, so that no draw of an older one passes any more. */
  readonly claimsBeforeWaiting: boolean;
  /** A claim is refused where an equal or higher epoch is there. */
  readonly claimsOnlyUpwards: boolean;
  /** A claim is refused where the server has another run than at the look. */
  readonly claimsInRunOfLook: boolean;
  /** After the claim: if MySQL has given out a higher epoch meanwhile, this one is abandoned. */
  readonly abandonsOvertaken: boolean;
  /** The opener waits until nothing older than the claim can be acknowledged. */
  readonly waits: boolean;
  /** The opener sends a fence and waits for its answer. */
  readonly fences: boolean;
  /** The worker sets `oldest` when it comes to a fence that says n. */
  readonly fenceRaisesOldest: boolean;
  /** The epoch is opened only where n and the run are those of the claim. */
  readonly opensOwnClaimOnly: boolean;
  /** `oldest` is read in the transaction that stores. Without: a worker remembers it from its start, and from the fences it saw. */
  readonly oldestInTransaction: boolean;
  /** An event that is stored is known by its id, when it comes again. */
  readonly knowsEventIds: boolean;
  /** That an event is stored is looked at before whether it is late. */
  readonly knownBeforeLate: boolean;
  /** A dead letter that was late is not published again: its number may be another's, now or later. */
  readonly keepsLateLetters: boolean;
  /** Acknowledged only within two seconds of asking for the draw. */
  readonly acknowledgesInTime: boolean;
  /** Acknowledged only when the queue has confirmed. */
  readonly confirmsFirst: boolean;
  /** The highest number is read behind a fence. */
  readonly looksBehindFence: boolean;
  /** A counter is created under the epoch that was known before the look. */
  readonly seedsNotedEpoch: boolean;
  /** A counter that exists is not created again. */
  readonly seedsOnlyMissing: boolean;
  /** A counter that is missing though a row of this very epoch is stored leads to a new epoch. */
  readonly lostCounterOpensEpoch: boolean;
  /** A key that is unknown in an epoch other than the first is looked up in the store. */
  readonly asksAboutUnknownKeys: boolean;
  /** A key that is unconfirmed and of an older epoch is looked up in the store. Without: its event is published again. */
  readonly asksAboutOlderKeys: boolean;
  /** The store is asked for the key. Without: for the event that Redis knows. */
  readonly asksByKey: boolean;
  /** What the store said about a key counts only in the epoch in which it was asked. */
  readonly answerCountsInItsEpoch: boolean;
  /** The note that a key is confirmed names its event, and is dropped where Redis knows another one. */
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
