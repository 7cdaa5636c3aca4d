import type { MessageRate } from '@parley/domain';

/** The limits of one request's application: made only if it has any. */
export interface Quota {
  /** For the draw of messages; undefined if their number is not limited. */
  readonly rate: MessageRate | undefined;
  /** Notes for the answer's headers how many more messages would fit now. */
  noteMessages(remaining: number): void;
}
