/** What was sent and how it was answered: all that the harness relies on. `sentAt` is in ms since 1970. */

/**
 * `refused` is a 503 with Retry-After. `gone` is a 404 below something whose deletion was sent before. `failed` is
 * everything else that is not a 201, no answer at all included.
 */
export type Outcome = 'acknowledged' | 'refused' | 'gone' | 'failed';

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
  /** The sender and the metadata of messages hold their text too, so that these must be erased as well. */
  readonly signed?: boolean;
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

/** The deletion of a message, of a chat (`number` is 0) or of an application (`chat` is 0 too). */
export interface Removal extends Place {
  /** When it was sent first. */
  readonly sentAt: number;
  /** When the first 204 came; undefined if none came. */
  doneAt?: number;
}

export class Recording {
  readonly creates: Create[] = [];
  readonly updates: Update[] = [];
  readonly reads: Read[] = [];
  readonly removals: Removal[] = [];
  /** Answers to deletions that were neither 204, 404 nor 503. */
  readonly oddRemovals: string[] = [];
  /** Requests with a good credential that were answered 401 or 403. */
  readonly denied: string[] = [];
  /** Keys that were let in longer after their end than promised. */
  readonly honoured: string[] = [];
  /** When the last attempt that was not acknowledged ended, also one without an answer: ms since 1970; 0 if none. */
  lastBadAt = 0;
  /** How many attempts were acknowledged. */
  acknowledged = 0;

  answered(create: Create, attempt: Attempt): void {
    create.attempts.push(attempt);
    if (attempt.outcome === 'acknowledged') this.acknowledged += 1;
    else if (attempt.outcome !== 'gone') this.lastBadAt = attempt.sentAt + attempt.ms;
  }

  /** The first removal, by name (see nameOf), of what was deleted, or may have been. */
  removed(name: string): Removal | undefined {
    for (; this.#indexed < this.removals.length; this.#indexed += 1) {
      const removal = this.removals[this.#indexed];
      if (removal !== undefined) this.#removed.set(nameOf(removal), removal);
    }
    return this.#removed.get(name);
  }

  /** The removals of a place and of what it is in. */
  removalsAbove({ token, chat, number }: Place): Removal[] {
    const names = new Set([nameOf({ token, chat: 0, number: 0 }), nameOf({ token, chat, number: 0 })]);
    return [...names.add(nameOf({ token, chat, number }))].flatMap((name) => this.removed(name) ?? []);
  }

  readonly #removed = new Map<string, Removal>();
  #indexed = 0;

  *attempts(): Generator<Attempt> {
    for (const { attempts } of this.creates) yield* attempts;
  }
}

/** The first acknowledged attempt, or undefined. */
export function acknowledgement({ attempts }: Create): Attempt | undefined {
  return attempts.find(({ outcome }) => outcome === 'acknowledged');
}

export const placeOf = ({ token, chat, number }: Place): string => `${token}:${chat}:${number}`;

/** The name of an application, a chat or a message: its token, `token:chat` or `token:chat:number`. */
export function nameOf({ token, chat, number }: Place): string {
  if (chat === 0) return token;
  return number === 0 ? `${token}:${chat}` : placeOf({ token, chat, number });
}
