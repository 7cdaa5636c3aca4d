import type { Event, Rejection } from '@parley/domain';
import type { Fence, Letter, Message } from './message.ts';
import type { Subscription } from './subscription.ts';

/**
 * A step that PartitionConsumption asks its caller to do. The caller does one step at a time and passes back its
 * answer. It retries a failed step until it succeeds, and gives it up if the subscription ends or the consumer stops.
 */
export type Step<M extends Message, Handle> =
  /** Wait one turn of the event loop: deliveries that have arrived by then join the batch. */
  | { readonly kind: 'turn' }
  /** Wait for more deliveries; end early if `isUrgent` becomes true, the subscription ends or the consumer stops. */
  | { readonly kind: 'gather'; readonly milliseconds: number }
  /** Store the events in order. The answer: the rejected ones; undefined if given up. */
  | { readonly kind: 'store'; readonly subscription: Subscription<M, Handle>; readonly events: readonly Event[] }
  /** Publish a dead letter. The answer: true once RabbitMQ has confirmed it; undefined if the step was given up. */
  | { readonly kind: 'put aside'; readonly subscription: Subscription<M, Handle>; readonly letter: Letter }
  /**
   * Pass a fence in the store: make a commit, which begins `epoch`; 0: none. The answer: `seq`, the partition's number
   * of changes; undefined if given up.
   */
  | { readonly kind: 'pass fence'; readonly subscription: Subscription<M, Handle>; readonly epoch: number }
  /**
   * Acknowledge these messages; `all`: and everything before the last of them. The answer: false if the channel has
   * ended (the caller has called `lost` by then).
   */
  | {
      readonly kind: 'acknowledge';
      readonly subscription: Subscription<M, Handle>;
      readonly messages: readonly M[];
      readonly all: boolean;
    }
  /** Answer a fence. A failure is ignored: who waits for the answer gets a timeout. */
  | { readonly kind: 'answer'; readonly fence: Fence; readonly seq: number }
  /**
   * Publish a mark in the background: a fence without a reply address. When it is delivered, all redeliveries have
   * come.
   */
  | { readonly kind: 'mark'; readonly subscription: Subscription<M, Handle> }
  /** The subscription has ended: close its channel, and subscribe to the partition again. */
  | { readonly kind: 'subscribe anew'; readonly subscription: Subscription<M, Handle> }
  /**
   * The subscription has ended until a restart, because only a newer program knows what `unknown` names: close its
   * channel.
   */
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

export function* ask<M extends Message, Handle, Kind extends Step<M, Handle>['kind']>(
  step: Step<M, Handle> & { readonly kind: Kind },
): Steps<M, Handle, Answers[Kind]> {
  return (yield step) as Answers[Kind];
}
