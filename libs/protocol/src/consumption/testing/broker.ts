import type { Event } from '@parley/domain';
import type { Message } from '../message.ts';

/** A published message, and what has happened to it. */
export interface Sent {
  /** The message's position in the order of publishing. */
  readonly place: number;
  readonly content: Buffer;
  readonly properties: Message['properties'];
  readonly events: readonly Event[];
  readonly junk: boolean;
  /** How many consumers were lost while they had the message unacked. */
  losses: number;
  acknowledged: boolean;
}

export interface Consumer {
  readonly prefetch: number;
  readonly deliver: (message: Delivered) => void;
  readonly unacknowledged: Delivered[];
}

export interface Delivered extends Message {
  readonly sent: Sent;
}

/**
 * A simulated queue that behaves like RabbitMQ's. One consumer is active until it ends; then the one that has waited
 * longest is. What a lost consumer had comes before all fresh messages, but after what an earlier one had (RabbitMQ
 * issue 10499).
 */
export class Broker {
  readonly sent: Sent[] = [];
  #fresh: Sent[] = [];
  #returned: Sent[] = [];
  readonly #consumers: Consumer[] = [];

  publish(content: Buffer, properties: Message['properties'], events: readonly Event[] = [], junk = false): Sent {
    const sent = { place: this.sent.length, content, properties, events, junk, losses: 0, acknowledged: false };
    this.sent.push(sent);
    this.#fresh.push(sent);
    return sent;
  }

  get isEmpty(): boolean {
    return this.sent.every(({ acknowledged }) => acknowledged);
  }

  subscribe(consumer: Consumer): void {
    this.#consumers.push(consumer);
  }

  /** Delivers one message. Returns false if there is none, or the prefetch is full. */
  deliver(): boolean {
    const active = this.#consumers[0];
    if (active === undefined || active.unacknowledged.length >= active.prefetch) return false;
    const sent = this.#returned.shift() ?? this.#fresh.shift();
    if (sent === undefined) return false;
    const { content, properties } = sent;
    const message = { content, properties, fields: { redelivered: sent.losses > 0 }, sent };
    active.unacknowledged.push(message);
    active.deliver(message);
    return true;
  }

  acknowledge(consumer: Consumer, message: Delivered): void {
    const index = consumer.unacknowledged.indexOf(message);
    if (index === -1) throw new Error('it is not unacknowledged here');
    consumer.unacknowledged.splice(index, 1);
    message.sent.acknowledged = true;
  }

  /** As if another consumer had got the first `taken` redeliveries and was lost too: they come last now. */
  rotate(taken: number): void {
    const again = this.#returned.splice(0, taken);
    for (const sent of again) sent.losses += 1;
    this.#returned.push(...again);
  }

  /** The consumer's channel has ended: what was unacked will be redelivered. */
  end(consumer: Consumer): void {
    const index = this.#consumers.indexOf(consumer);
    if (index === -1) return;
    this.#consumers.splice(index, 1);
    for (const { sent } of consumer.unacknowledged.splice(0)) {
      sent.losses += 1;
      this.#returned.push(sent);
    }
  }
}
