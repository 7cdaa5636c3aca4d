/** What was sent to the system and what it answered: the harness believes nothing else. Times are milliseconds since 1970. */

/** `refused` is a 503 with Retry-After; `failed` is everything else that is not a 201, no answer at all included. */
export type Outcome = 'acknowledged' | 'refused' | 'failed';

export interface Attempt {
  readonly sentAt: number;
  readonly ms: number;
  readonly outcome: Outcome;
  /** 0 where no answer came. */
  readonly status: number;
  /** What was acknowledged: the first number, or for an application 0. */
  readonly first?: number;
  /** The token of an acknowledged application. */
  readonly token?: string;
  /** Of an answer that says something else than it should. */
  readonly detail?: string;
}

export interface Create {
  readonly kind: 'application' | 'chat' | 'message' | 'batch';
  /** Of the application that it is in; empty for an application. */
  readonly token: string;
  /** 0 for an application or a chat. */
  readonly chat: number;
  /** Names or contents; each text is sent once in a run, so that it tells its create. */
  readonly texts: readonly string[];
  /** With a key it is sent again until it is acknowledged, without one it is sent once. */
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

/** A message that was acknowledged before it was read. */
export interface Read extends Place {
  readonly status: number;
  readonly sentAt: number;
  readonly ms: number;
}

export class Recording {
  readonly creates: Create[] = [];
  readonly updates: Update[] = [];
  readonly reads: Read[] = [];
  /** When the last answer came that was not an acknowledgement, and how many have been one. */
  lastBadAt = 0;
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

/** The first acknowledgement, or undefined where there is none. */
export function acknowledgement({ attempts }: Create): Attempt | undefined {
  return attempts.find(({ outcome }) => outcome === 'acknowledged');
}

export const placeOf = ({ token, chat, number }: Place): string => `${token}:${chat}:${number}`;
