/**
 * The credentials that were found valid, by the text of the Authorization header. Bounded: the oldest ones go first, and
 * are looked up or verified again. Only valid credentials come in here, each in one form.
 */
import { type Known, KnownUser } from './callers.ts';

const KEYS_MAX = 50_000;
/** About as many bytes. A user token with 200 chats takes some 14 kB. */
const USERS_BYTES_MAX = 64 * 1024 * 1024;
const USER_BYTES = 500;
const CHAT_BYTES = 60;

export class Remembered {
  readonly #keys = new Map<string, Exclude<Known, KnownUser>>();
  /** Apart from the keys: an application may have very many users. */
  readonly #users = new Map<string, KnownUser>();
  #usersBytes = 0;

  constructor(
    private readonly keysMax = KEYS_MAX,
    private readonly usersBytesMax = USERS_BYTES_MAX,
  ) {}

  get(text: string): Known | undefined {
    return this.#keys.get(text) ?? this.#users.get(text);
  }

  add(text: string, known: Known): void {
    if (known instanceof KnownUser) this.#addUser(text, known);
    else {
      this.#keys.set(text, known);
      if (this.#keys.size > this.keysMax) this.#keys.delete(first(this.#keys));
    }
  }

  /** Forgets what `ended` says: keys and user tokens. */
  forget(ended: (known: Known) => boolean): void {
    for (const [text, known] of this.#keys) if (ended(known)) this.#keys.delete(text);
    for (const [text, known] of this.#users) if (ended(known)) this.#forgetUser(text, known);
  }

  keys(): Iterable<Exclude<Known, KnownUser>> {
    return this.#keys.values();
  }

  #addUser(text: string, known: KnownUser): void {
    if (this.#users.has(text)) return;
    this.#users.set(text, known);
    this.#usersBytes += bytesOf(text, known);
    while (this.#usersBytes > this.usersBytesMax) {
      const oldest = first(this.#users);
      this.#forgetUser(oldest, this.#users.get(oldest) ?? known);
    }
  }

  #forgetUser(text: string, known: KnownUser): void {
    if (this.#users.delete(text)) this.#usersBytes -= bytesOf(text, known);
  }
}

function bytesOf(text: string, { chats }: KnownUser): number {
  return text.length + USER_BYTES + (chats === '*' ? 0 : chats.size * CHAT_BYTES);
}

function first(map: ReadonlyMap<string, unknown>): string {
  for (const key of map.keys()) return key;
  throw new Error('an empty map has no first key');
}
