import type { Event, Rejection } from '@parley/domain';
import type { Fence, Letter } from '../message.ts';
import type { Delivered, Sent } from './broker.ts';

/**
 * The store and the dead letters of a simulation. Each step checks what PartitionConsumption promises, and throws if
 * that is broken.
 */
export class Promises {
  readonly stored = new Map<string, Event>();
  readonly rejected = new Set<string>();
  readonly discarded = new Set<string>();
  /** Deleted applications, and chats as `token:number`. */
  readonly #deleted = new Set<string>();
  readonly malformed = new Set<Sent>();
  epoch = 0;
  readonly answered = new Set<string>();
  /** The highest position in the queue of all stored messages that were never redelivered. */
  #highest = -1;

  constructor(private readonly sent: readonly Sent[]) {}

  /** Deletes an application or chat, if it is stored. */
  delete(token: string, chat?: number): void {
    const found = [...this.stored.values()].some((event) =>
      chat === undefined
        ? event.type === 'application' && event.token === token
        : event.type === 'chat' && event.token === token && event.number === chat,
    );
    if (found) this.#deleted.add(chat === undefined ? token : `${token}:${chat}`);
  }

  /**
   * Stores events. Like the real store it rejects a chat without its application, and a message without its chat. It
   * discards what is below a deleted one.
   */
  store(events: readonly Event[]): Rejection[] {
    this.#checkOrder(events);
    const rejections: Rejection[] = [];
    for (const event of events) {
      if (this.#isBelowDeleted(event)) this.discarded.add(event.id);
      else if (this.#hasOwner(event)) this.stored.set(event.id, event);
      else rejections.push({ event, reason: 'unknown-owner', detail: '' });
    }
    return rejections;
  }

  /** Keeps a dead letter. Throws if what it holds could have been stored. */
  putAside(letter: Letter): void {
    if ('rejection' in letter) {
      const { event } = letter.rejection;
      if (this.discarded.has(event.id)) throw new Error(`${event.type} was discarded, and put aside`);
      if (this.#isStorable(event)) throw new Error(`${event.type} was put aside, though its owner came before it`);
      this.rejected.add(event.id);
      return;
    }
    const sent = this.sent.find(({ content }) => content === letter.malformed.content);
    if (sent?.junk !== true) throw new Error(`what is no junk was put aside: ${letter.malformed.problem}`);
    this.malformed.add(sent);
  }

  passFence(epoch: number): number {
    this.epoch = Math.max(this.epoch, epoch);
    return this.stored.size;
  }

  acknowledge({ sent }: Delivered): void {
    this.#mustBeSettled(sent, 'acknowledged');
    const epoch = Number(sent.properties.headers?.['x-epoch'] ?? 0);
    if (epoch > this.epoch) throw new Error('the fence of an epoch was acknowledged before the epoch began');
  }

  answer({ correlationId, epoch = 0 }: Fence, seq: number): void {
    const fence = this.sent.find(({ properties }) => properties.correlationId === correlationId);
    for (const before of this.sent.slice(0, fence?.place)) this.#mustBeSettled(before, 'answered behind');
    if (epoch > this.epoch) throw new Error('a fence was answered before its epoch began');
    if (seq < 1 && this.stored.size > 0) throw new Error('a fence was answered without a seq');
    this.answered.add(correlationId);
  }

  /** A process was killed between its acknowledgement of fences and its answers: who waits for them gets a timeout. */
  killedBeforeAnswers(): void {
    for (const { acknowledged, properties } of this.sent) {
      if (acknowledged && typeof properties.correlationId === 'string') this.answered.add(properties.correlationId);
    }
  }

  /** Throws if an event is lost or a fence was never answered. */
  checkAll(): void {
    const events = this.sent.flatMap((sent) => sent.events);
    for (const event of events) {
      // An event that was published before its application or chat may be stored too: redeliveries may come in another
      // order.
      if (this.discarded.has(event.id)) continue;
      if (!this.stored.has(event.id) && (this.#isStorable(event) || !this.rejected.has(event.id)))
        throw new Error(`a ${event.type} is lost`);
    }
    for (const { properties } of this.sent) {
      const id = properties.correlationId;
      if (typeof id === 'string' && !this.answered.has(id)) throw new Error('a fence was never answered');
    }
  }

  #mustBeSettled(sent: Sent, how: string): void {
    if (sent.acknowledged) return;
    const isKept = ({ id }: Event) => this.stored.has(id) || this.rejected.has(id) || this.discarded.has(id);
    if (!sent.events.every(isKept)) throw new Error(`${how} before it was stored`);
    if (sent.junk && !this.malformed.has(sent)) throw new Error(`${how} before it was put aside`);
  }

  /** Throws unless messages that were never redelivered are stored in the order of publishing. */
  #checkOrder(events: readonly Event[]): void {
    for (const event of events) {
      const sent = this.sent.find(
        (candidate) => candidate.events.includes(event) || candidate.events.some(({ id }) => id === event.id),
      );
      if (sent === undefined) throw new Error('something was stored that nobody published');
      if (sent.losses > 0) continue;
      if (sent.place < this.#highest) throw new Error('stored out of order');
      this.#highest = sent.place;
    }
  }

  #isBelowDeleted(event: Event): boolean {
    if (event.type === 'application') return false;
    if (this.#deleted.has(event.token)) return true;
    return event.type === 'messages' && this.#deleted.has(`${event.token}:${event.chat}`);
  }

  #hasOwner(event: Event): boolean {
    return [...this.stored.values()].some((owner) => owns(owner, event)) || event.type === 'application';
  }

  /** Whether an event's application and chat were published before it. */
  #isStorable(event: Event): boolean {
    if (event.type === 'application') return true;
    const place = this.sent.findIndex(({ events }) => events.some(({ id }) => id === event.id));
    const before = this.sent.slice(0, place).flatMap(({ events }) => events);
    return before.some((owner) => owns(owner, event) && this.#isStorable(owner));
  }
}

function owns(owner: Event, event: Event): boolean {
  if (owner.token !== event.token) return false;
  if (event.type === 'chat') return owner.type === 'application';
  return event.type === 'messages' && owner.type === 'chat' && owner.number === event.chat;
}
