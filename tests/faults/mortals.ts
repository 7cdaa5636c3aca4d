/**
 * The part of the load that deletes: messages, chats and applications of its own, while creates in them go on. So each
 * fault also shows that what was deleted stays away.
 */
import { until } from '@parley/testing';
import type { Client } from './client.ts';
import type { Chat } from './load.ts';
import type { Random } from './random.ts';
import { acknowledgement, type Create, nameOf, type Place, type Recording, type Removal } from './record.ts';

const CHATS = 4;
const BATCH = { min: 2, max: 12 };
const SHARES = { keyed: 0.2, batch: 0.1, message: 0.08, chat: 0.04, application: 0.006, dead: 0.08 };
const RETRY_MS = 300;
const RETRY_WITHIN_MS = 30_000;
const LARGE_BATCH = 1_000;

export interface MortalsParts {
  readonly client: Client;
  readonly recording: Recording;
  readonly random: Random;
  /** Sends a create until it is acknowledged or given up. */
  readonly send: (kind: Create['kind'], owner: Chat, texts: readonly string[], keyed: boolean) => Promise<Create>;
  readonly text: () => string;
  /** Whether a deletion that was not answered with 204 is still sent again. */
  readonly goesOn: () => boolean;
}

export class Mortals {
  readonly #parts: MortalsParts;
  #token = '';
  #living: Chat[] = [];
  #dead: Chat[] = [];

  constructor(parts: MortalsParts) {
    this.#parts = parts;
  }

  /** Makes an application with chats that may be deleted. */
  async prepare(): Promise<void> {
    const create = await this.#parts.send('application', { token: '', chat: 0 }, [this.#parts.text()], true);
    const token = acknowledgement(create)?.token;
    if (token === undefined) return;
    this.#token = token;
    this.#living = [];
    for (let index = 0; index < CHATS; index += 1) await this.#addChat(token);
  }

  /** A create in a chat that is to be deleted, or was, or a deletion. */
  async step(): Promise<void> {
    const { random } = this.#parts;
    if (random.chance(SHARES.application)) return this.deleteApplication();
    if (random.chance(SHARES.chat)) return this.deleteChat();
    const isDead = this.#dead.length > 0 && random.chance(SHARES.dead);
    const chats = isDead ? this.#dead.slice(-CHATS) : this.#living;
    if (chats.length === 0) return;
    const created = await this.create(random.pick(chats));
    if (created !== undefined && random.chance(SHARES.message)) await this.remove(created);
  }

  /** Creates messages in a chat. Returns the first one's place if they were acknowledged. */
  async create(chat: Chat): Promise<Place | undefined> {
    const { random, send, text } = this.#parts;
    const count = random.chance(SHARES.batch) ? random.integer(BATCH.min, BATCH.max) : 1;
    const texts = Array.from({ length: count }, text);
    const create = await send(count === 1 ? 'message' : 'batch', chat, texts, random.chance(SHARES.keyed));
    const first = acknowledgement(create)?.first;
    return first === undefined ? undefined : { ...chat, number: first };
  }

  /** Deletes a chat and makes another. Creates in the deleted one go on. */
  async deleteChat(): Promise<void> {
    const chat = this.#living.shift();
    if (chat === undefined) return;
    this.#dead.push(chat);
    await Promise.all([this.remove({ ...chat, number: 0 }), this.create(chat), this.#addChat(this.#token)]);
    await this.create(chat);
  }

  async deleteApplication(): Promise<void> {
    const token = this.#token;
    if (token === '') return;
    this.#token = '';
    this.#dead.push(...this.#living);
    this.#living = [];
    await Promise.all([this.remove({ token, chat: 0, number: 0 }), this.prepare()]);
  }

  /** Makes a chat with so many messages, in batches as large as possible, that is deleted only by `remove`. */
  async largeChat(messages: number): Promise<Chat> {
    const { send, text } = this.#parts;
    const application = await send('application', { token: '', chat: 0 }, [text()], true);
    const token = acknowledgement(application)?.token ?? '';
    const chat = { token, chat: acknowledgement(await send('chat', { token, chat: 0 }, [text()], true))?.first ?? 0 };
    for (let sent = 0; sent < messages; sent += LARGE_BATCH) {
      await send('batch', chat, Array.from({ length: LARGE_BATCH }, text), true);
    }
    return chat;
  }

  /** One of the chats that may be deleted. Waits for one while the application is replaced. */
  async anyChat(): Promise<Chat> {
    await until('there is a chat that may be deleted', () => this.#living.length > 0, RETRY_WITHIN_MS);
    const chat = this.#living.at(-1);
    if (chat === undefined) throw new Error('the chat was deleted in the same turn');
    return chat;
  }

  /** Deletes something, again and again until the answer is 204. */
  async remove(place: Place): Promise<void> {
    const { client, recording, goesOn } = this.#parts;
    if (recording.removed(nameOf(place)) !== undefined) return;
    const removal: Removal = { ...place, sentAt: Date.now() };
    recording.removals.push(removal);
    do {
      const status = await client.remove(place);
      if (status === 204) removal.doneAt ??= Date.now();
      // Below an application that was deleted meanwhile there is nothing to delete.
      if (status === 204 || status === 404) return;
      if (status !== 503 && status !== 0) recording.oddRemovals.push(`${status} for ${nameOf(place)}`);
      await Bun.sleep(RETRY_MS);
    } while (goesOn());
  }

  async #addChat(token: string): Promise<void> {
    const create = await this.#parts.send('chat', { token, chat: 0 }, [this.#parts.text()], true);
    const number = acknowledgement(create)?.first;
    if (number !== undefined && token === this.#token) this.#living.push({ token, chat: number });
  }
}
