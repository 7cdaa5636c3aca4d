/** What the script of a round replies, and how a draw's taker is told. */
import { type DrawAnswer, type DrawTaker, type IdempotencyKey, NUMBER_MAX, type Token } from '@parley/domain';
import { throwApart } from '@parley/runtime';
import { unavailable } from './unavailable.ts';

/** Replies of the script instead of a number: no counter; only the store knows the key; the owner was deleted. */
export const MISSING = -1;
export const UNSURE = -2;
export const GONE = -3;

/** `remaining`: only for a draw with a rate. */
export function answerDrawn(
  taker: DrawTaker,
  first: number,
  count: number,
  eventId: string,
  epoch: number,
  at: number,
  remaining?: number,
): void {
  if (first + count - 1 > NUMBER_MAX) tell(taker, unavailable(undefined, 'This list has no numbers left.'));
  else if (remaining === undefined) tell(taker, { status: 'drawn', first, eventId, epoch, at });
  else tell(taker, { status: 'drawn', first, eventId, epoch, at, remaining });
}

/** Tells a taker. If it throws, the others of the round must still be told, and no one twice. */
export function tell(taker: DrawTaker, answer: DrawAnswer | Error): void {
  try {
    if (answer instanceof Error) taker.drawFailed(answer);
    else taker.drawAnswered(answer);
  } catch (error) {
    throwApart(error);
  }
}

export interface Known {
  readonly body: string;
  readonly first: number;
  readonly eventId: string;
  readonly epoch: number;
  readonly at: number;
  readonly confirmed: boolean;
  readonly token: Token;
}

export function knownOf(reply: unknown): Known | undefined {
  if (typeof reply !== 'string') return undefined;
  const [state, body = '', first, eventId = '', epoch, at, token = ''] = reply.split(' ');
  return {
    body,
    first: Number(first),
    eventId,
    epoch: Number(epoch),
    at: Number(at),
    confirmed: state === 'c',
    token,
  };
}

export function answerKnown({ body, first, eventId, epoch, at, confirmed }: Known, key: IdempotencyKey) {
  if (body !== key.body) return { status: 'conflict' } as const;
  return { status: 'repeated', first, eventId, epoch, at, confirmed } as const;
}
