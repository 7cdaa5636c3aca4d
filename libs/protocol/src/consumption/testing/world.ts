import { type CheckEvent, checkEvent, type Event, encodeEnvelope, newEventId, newToken } from '@parley/domain';
import { Broker, type Sent } from './broker.ts';
import { Process } from './process.ts';
import { Promises } from './promises.ts';

const key = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };

/** A simulated partition: its queue, its store, and the processes that consume it. */
export class World {
  readonly broker = new Broker();
  readonly promises = new Promises(this.broker.sent);
  readonly tokens = [newToken(), newToken()];
  now = 0;
  #fences = 0;

  process(check: CheckEvent = checkEvent, waitingBytesMax?: number): Process {
    const { broker, promises } = this;
    const limit = waitingBytesMax === undefined ? {} : { waitingBytesMax };
    return new Process({ broker, promises, check, clock: { monotonic: () => this.now }, ...limit });
  }

  application(of = 0, keyed = false): Sent {
    return this.publish([{ type: 'application', ...this.#common(of, keyed), name: 'an app' }]);
  }

  chat(of = 0, number = 1, keyed = false): Sent {
    return this.publish([{ type: 'chat', ...this.#common(of, keyed), number, name: 'a chat' }]);
  }

  messages(of = 0, chat = 1, keyed = false): Sent {
    const first = this.broker.sent.length + 1;
    return this.publish([{ type: 'messages', ...this.#common(of, keyed), chat, first, contents: ['x'] }]);
  }

  /** Deletes an application or one of its chats, if it is stored. */
  delete(of = 0, chat?: number): void {
    this.promises.delete(this.tokens[of] ?? '', chat);
  }

  publish(events: readonly Event[]): Sent {
    return this.broker.publish(Buffer.from(encodeEnvelope(0, events)), { type: 'events' }, events);
  }

  junk(content = Buffer.from('junk')): Sent {
    return this.broker.publish(Buffer.from(content), { type: 'events' }, [], true);
  }

  fence(epoch?: number): string {
    this.#fences += 1;
    const correlationId = `0:${this.#fences}`;
    const content = Buffer.from(JSON.stringify({ v: 1, partition: 0, fence: correlationId }));
    const headers = epoch === undefined ? {} : { 'x-epoch': epoch };
    this.broker.publish(content, { type: 'fence', replyTo: 'replies', correlationId, headers });
    return correlationId;
  }

  deliver(): void {
    while (this.broker.deliver());
  }

  /** Delivers messages, runs the processes and lets time pass until all is acknowledged. Throws after 2,000 turns. */
  drain(...processes: readonly Process[]): void {
    for (let turn = 0; !this.broker.isEmpty; turn += 1) {
      if (turn > 2_000) throw new Error('something is never acknowledged');
      this.deliver();
      for (const process of processes) process.settle();
      this.now += 50;
    }
    for (const process of processes) process.settle();
  }

  #common(of: number, keyed: boolean) {
    return {
      id: newEventId(),
      epoch: 1,
      at: 1_700_000_000_000,
      token: this.tokens[of] ?? newToken(),
      ...(keyed && { key }),
    };
  }
}
