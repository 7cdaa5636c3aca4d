/** What was sent and how it was answered: all that the harness relies on. `sentAt` is in ms since 1970. */

/** `refused` is a 503 with Retry-After; `failed` is everything else that is not a 201, no answer at all included. */
export type Outcome = 'acknowledged' | 'refused' | 'failed';

export interface Attempt {
  readonly sentAt: number;
  readonly ms: number;
  readonly outcome: Outcome;
  /** The HTTP status; 0 if no answer came. */
  readonly status: number;
  /** The first number in a 201; 0 for an application. */
  readonly first?: number;
  /** The token of an acknowledged application. */
  readonly token?: string;
  /** What is wrong with a 201, or the reason in another answer. */
  readonly detail?: string;
}

export interface Create {
  readonly kind: 'application' | 'chat' | 'message' | 'batch';
  /** The token of the application in which it is created; empty for an application. */
  readonly token: string;
  /** The number of the chat; 0 for an application or a chat. */
  readonly chat: number;
  /** Names or contents. Each text belongs to one create of the run only. */
  readonly texts: readonly string[];
  /** The idempotency key. With one the create is sent again until it is acknowledged; without, it is sent once. */
  readonly key?: string;
  readonly attempts: Attempt[];
}

export interface Place {
  readonly token: string;
  readonly chat: number;
  readonly number: number;
}

export interface Update extends Place {
  readonly content: string;
  readonly status: number;
  readonly sentAt: number;
  readonly ms: number;
}

/** A read of a message that had been acknowledged before. */
export interface Read extends Place {
  readonly status: number;
  readonly sentAt: number;
  readonly ms: number;
}

export class Recording {
  readonly creates: Create[] = [];
  readonly updates: Update[] = [];
  readonly reads: Read[] = [];
  /** When the last attempt that was not acknowledged ended, also one without an answer: ms since 1970; 0 if none. */
  lastBadAt = 0;
  /** How many attempts were acknowledged. */
  acknowledged = 0;

  answered(create: Create, attempt: Attempt): void {
    create.attempts.push(attempt);
    if (attempt.outcome === 'acknowledged') this.acknowledged += 1;
    else this.lastBadAt = attempt.sentAt + attempt.ms;
  }

  *attempts(): Generator<Attempt> {
    for (const { attempts } of this.creates) yield* attempts;
  }
}

/** The first acknowledged attempt, or undefined. */
export function acknowledgement({ attempts }: Create): Attempt | undefined {
  return attempts.find(({ outcome }) => outcome === 'acknowledged');
}

export const placeOf = ({ token, chat, number }: Place): string => `${token}:${chat}:${number}`;
