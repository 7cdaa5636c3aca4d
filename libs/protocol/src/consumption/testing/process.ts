import type { CheckEvent } from '@parley/domain';
import type { Clock } from '../../clock.ts';
import { PartitionConsumption } from '../partition-consumption.ts';
import type { Answer, Step, Steps } from '../steps.ts';
import type { Subscription } from '../subscription.ts';
import type { Broker, Consumer, Delivered } from './broker.ts';
import type { Promises } from './promises.ts';

type Subscribed = Subscription<Delivered, Consumer>;
type Wanted = Step<Delivered, Consumer>;

/** How a simulated process's current step ends; `fails`: it is retried; `throws`: a bug. */
export type Outcome = 'done' | 'fails' | 'throws';

export interface Around {
  readonly broker: Broker;
  readonly promises: Promises;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly check: CheckEvent;
  readonly waitingBytesMax?: number;
}

/** A simulated worker: runs PartitionConsumption one step at a time, in an order that a test chooses. */
export class Process {
  readonly rules: PartitionConsumption<Delivered, Consumer>;
  wanted: Wanted | undefined;
  /** The prefetch of each subscription so far. */
  readonly subscriptions: number[] = [];
  holds = 0;
  readonly #around: Around;
  #steps: Steps<Delivered, Consumer, void> | undefined;
  #toRun = false;
  #dead = false;

  constructor(around: Around) {
    this.#around = around;
    const { clock, check, waitingBytesMax = 8 * 1024 * 1024 } = around;
    this.rules = new PartitionConsumption({ partition: 0, waitingBytesMax, check, clock });
    this.subscribe();
  }

  subscribe(): void {
    const holder: { subscription: Subscribed | undefined } = { subscription: undefined };
    const deliver = (message: Delivered) => {
      const { subscription } = holder;
      if (subscription === undefined || this.#dead) return;
      this.#toRun = true;
      if (this.rules.deliver(subscription, message)) this.#subscribeAnew(subscription);
    };
    const consumer = { prefetch: 0, deliver, unacknowledged: [] };
    holder.subscription = this.rules.begin(consumer);
    if (holder.subscription === undefined) return;
    consumer.prefetch = holder.subscription.prefetch;
    this.subscriptions.push(consumer.prefetch);
    this.#around.broker.subscribe(consumer);
  }

  /** Does one step. Returns false if there was nothing to do. */
  step(outcome: Outcome = 'done'): boolean {
    if (this.#dead) return false;
    if (this.wanted === undefined) {
      if (!this.#toRun) return false;
      this.#toRun = false;
      this.#steps = this.rules.batches();
      this.#resume(undefined);
      return true;
    }
    const { wanted } = this;
    if (outcome === 'done' || !isTried(wanted)) this.#resume(this.#do(wanted));
    else if (outcome === 'throws') this.#throw();
    else if (!wanted.subscription.alive || this.rules.stopped) this.#resume(undefined);
    return true;
  }

  settle(outcome: Outcome = 'done'): void {
    for (let steps = 0; this.step(outcome); steps += 1) if (steps > 100_000) throw new Error('it never ends');
  }

  lose(): void {
    const subscription = this.rules.current;
    if (this.#dead || subscription === undefined) return;
    this.#around.broker.end(subscription.handle);
    if (this.rules.lost(subscription)) this.subscribe();
  }

  leave(): void {
    this.rules.leave();
  }

  trust(): void {
    const ended = this.#dead ? undefined : this.rules.trust();
    if (ended !== undefined) this.#subscribeAnew(ended);
  }

  /** A graceful stop. `outcome`: how each of the process's last steps ends. */
  stop(outcome: Outcome = 'done'): void {
    if (this.#dead) return;
    this.rules.stop();
    this.settle(outcome);
    this.crash();
  }

  crash(): void {
    if (!this.#dead && this.wanted?.kind === 'answer') this.#around.promises.killedBeforeAnswers();
    this.#dead = true;
    const subscription = this.rules.current;
    if (subscription !== undefined) this.#around.broker.end(subscription.handle);
  }

  #subscribeAnew({ handle }: Subscribed): void {
    this.#around.broker.end(handle);
    this.subscribe();
  }

  #resume(answer: Answer): void {
    const next = this.#steps?.next(answer);
    this.wanted = next === undefined || next.done ? undefined : next.value;
  }

  #throw(): void {
    this.wanted = undefined;
    this.#steps = undefined;
    this.#toRun = true; // `step` begins a new run of `batches`
    const ended = this.rules.gaveUp();
    if (ended !== undefined) this.#subscribeAnew(ended);
  }

  #do(step: Wanted): Answer {
    const { broker, promises } = this.#around;
    switch (step.kind) {
      case 'store':
        return promises.store(step.events);
      case 'put aside':
        promises.putAside(step.letter);
        return true;
      case 'pass fence':
        return promises.passFence(step.epoch);
      case 'acknowledge':
        return this.#acknowledge(step);
      case 'answer':
        promises.answer(step.fence, step.seq);
        return undefined;
      case 'mark':
        broker.publish(Buffer.from('{"v":1,"partition":0,"fence":"mark"}'), { type: 'fence' });
        return undefined;
      case 'subscribe anew':
        this.#subscribeAnew(step.subscription);
        return undefined;
      case 'hold':
        this.holds += 1;
        broker.end(step.subscription.handle);
        return undefined;
      default:
        return undefined;
    }
  }

  #acknowledge({ subscription, messages, all }: Wanted & { kind: 'acknowledge' }): boolean {
    if (!subscription.alive) return false;
    const { handle } = subscription;
    const last = handle.unacknowledged.indexOf(messages.at(-1) as Delivered);
    for (const message of all ? handle.unacknowledged.slice(0, last + 1) : messages) {
      this.#around.promises.acknowledge(message);
      this.#around.broker.acknowledge(handle, message);
    }
    return true;
  }
}

/** Whether a step may fail. The process then tries it again. */
function isTried(step: Wanted): step is Wanted & { kind: 'store' | 'put aside' | 'pass fence' } {
  return step.kind === 'store' || step.kind === 'put aside' || step.kind === 'pass fence';
}
