import {
  type Appended,
  type Application,
  type ApplicationCreated,
  type Chat,
  type ChatCreated,
  type CountDelta,
  type Event,
  type IdempotencyKey,
  type MessagesCreated,
  newEventId,
  newToken,
  type Sequence,
  type Store,
  sequenceKey,
  type Token,
} from '@parley/domain';

/** The fields of an event that a test sets. The others get default values. */
type Some<E extends Event> = Partial<Omit<E, 'type'>>;

export function applicationCreated(some: Some<ApplicationCreated> = {}): ApplicationCreated {
  return {
    type: 'application',
    id: newEventId(),
    epoch: 1,
    at: Date.now(),
    token: newToken(),
    name: 'An app',
    ...some,
  };
}

export function chatCreated(token: Token, some: Some<ChatCreated> = {}): ChatCreated {
  return { type: 'chat', id: newEventId(), epoch: 1, at: Date.now(), token, number: 1, name: 'A chat', ...some };
}

export function messagesCreated(
  token: Token,
  first: number,
  contents: string[],
  some: Some<MessagesCreated> = {},
): MessagesCreated {
  return { type: 'messages', id: newEventId(), epoch: 1, at: Date.now(), token, chat: 1, first, contents, ...some };
}

/** Hashes a client's idempotency key and its request body, as the drivers keep them. */
export function idempotencyKey(key: string, body: string): IdempotencyKey {
  return { hash: sha256(key), body: sha256(body) };
}

function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}

/** Stores a new application with chat 1 and returns its token. */
export async function storedChat(store: Pick<Store, 'append'>): Promise<Token> {
  const application = applicationCreated();
  await store.append([application, chatCreated(application.token)]);
  return application.token;
}

/** A store that counts as a client sees it: the row's count plus appended rows that are not summed into it yet. */
export class CountedStore {
  readonly #waiting: { readonly generation: number; readonly deltas: readonly CountDelta[] }[] = [];

  constructor(readonly store: Store) {}

  async append(events: readonly Event[]): Promise<Appended> {
    const appended = await this.store.append(events);
    this.#waiting.push(...appended.uncounted);
    return appended;
  }

  async chatsCount(token: Token): Promise<number> {
    const row = required(await this.store.application(token));
    return row.chatsCount + this.#pending(row, { kind: 'chats', token });
  }

  async messagesCount(token: Token, chat: number): Promise<number> {
    const row = required(await this.store.chat(token, chat));
    return row.messagesCount + this.#pending(row, { kind: 'messages', token, chat });
  }

  #pending({ countedThrough }: Application | Chat, sequence: Sequence): number {
    const key = sequenceKey(sequence);
    return this.#waiting
      .filter(({ generation }) => generation > countedThrough)
      .flatMap(({ deltas }) => deltas)
      .filter((delta) => sequenceKey(delta.sequence) === key)
      .reduce((sum, { count }) => sum + count, 0);
  }
}

export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('expected a value');
  return value;
}
