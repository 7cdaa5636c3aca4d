import type { Event, Rejection } from '@parley/domain';
import type { Fence, Letter, Message } from './message.ts';
import type { Subscription } from './subscription.ts';

/**
 * What consumption wants done. Whoever runs it does one step after the other and gives back the step's answer. A step
 * that fails is tried again until it is done, or until the subscription has ended or the consumer stops: then it is given up.
 */
export type Step<M extends Message, Handle> =
  /** Let one turn of the event loop pass, so that what has arrived by now comes along. */
  | { readonly kind: 'turn' }
  /** Wait so long, or until `isUrgent`, the end of the subscription or a stop. */
  | { readonly kind: 'gather'; readonly milliseconds: number }
  /** Store in order. Answers what it rejects; undefined where it was given up. */
  | { readonly kind: 'store'; readonly subscription: Subscription<M, Handle>; readonly events: readonly Event[] }
  /** Keep as a dead letter. Answers true once RabbitMQ has confirmed it; undefined where it was given up. */
  | { readonly kind: 'put aside'; readonly subscription: Subscription<M, Handle>; readonly letter: Letter }
  /** Answers the seq of the partition once `epoch` has begun in the store; undefined where it was given up. */
  | { readonly kind: 'pass fence'; readonly subscription: Subscription<M, Handle>; readonly epoch: number }
  /**
   * Acknowledge these; `all`: and everything before the last of them. Answers false where the channel has ended: whoever
   * runs it has told `lost`.
   */
  | {
      readonly kind: 'acknowledge';
      readonly subscription: Subscription<M, Handle>;
      readonly messages: readonly M[];
      readonly all: boolean;
    }
  /** Tell who asked. Cannot fail: who is not told asks again. */
  | { readonly kind: 'answer'; readonly fence: Fence; readonly seq: number }
  /** Send a mark into the queue in the background: a fence with nobody to answer, behind all that was returned. */
  | { readonly kind: 'mark'; readonly subscription: Subscription<M, Handle> }
  /** End the channel of this subscription, which has ended, and subscribe anew. */
  | { readonly kind: 'subscribe anew'; readonly subscription: Subscription<M, Handle> }
  /** End the channel of this subscription, which has ended, for good. */
  | { readonly kind: 'hold'; readonly subscription: Subscription<M, Handle>; readonly unknown: string };

interface Answers {
  readonly turn: undefined;
  readonly gather: undefined;
  readonly store: readonly Rejection[] | undefined;
  readonly 'put aside': true | undefined;
  readonly 'pass fence': number | undefined;
  readonly acknowledge: boolean;
  readonly answer: undefined;
  readonly mark: undefined;
  readonly 'subscribe anew': undefined;
  readonly hold: undefined;
}

export type Answer = Answers[keyof Answers];

/** Yields steps, is resumed with the answer of each, and returns `Result`. */
export type Steps<M extends Message, Handle, Result> = Generator<Step<M, Handle>, Result, Answer>;

/** Has one step done. */
export function* ask<M extends Message, Handle, Kind extends Step<M, Handle>['kind']>(
  step: Step<M, Handle> & { readonly kind: Kind },
): Steps<M, Handle, Answers[Kind]> {
  return (yield step) as Answers[Kind];
}
