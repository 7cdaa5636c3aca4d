import {
  type Appended,
  type Application,
  type Chat,
  type Event,
  type Highest,
  type KeyedCreate,
  type Message,
  type Page,
  type PageRequest,
  partitionOf,
  type Sequence,
  type Store,
  type Token,
} from '@parley/domain';
import { append } from './append/append.ts';
import { KnownOwners } from './append/owners.ts';
import { renameApplication, renameChat, rewriteMessage } from './changes.ts';
import { beginEpoch } from './epochs.ts';
import { DatabaseFault, refusalOf } from './faults.ts';
import { findKeyedCreate } from './keyed-creates.ts';
import type { Pool } from './pool.ts';
import { Reads } from './read/reads.ts';
import { toApplication, toChat, toMessage } from './read/rows.ts';

/** Connections by what they are for, so that nothing waits behind what takes longer. */
export interface StorePools {
  readonly writers: Pool;
  readonly readers: Pool;
  readonly changers: Pool;
}

/** Applications, chats and messages in MySQL. */
export class MysqlStore implements Store {
  readonly #pools: StorePools;
  readonly #reads: Reads;
  readonly #owners = new KnownOwners();

  constructor(
    pools: StorePools,
    readonly partitions: number,
  ) {
    this.#pools = pools;
    this.#reads = new Reads(pools.readers);
  }

  append(events: readonly Event[]): Promise<Appended> {
    const [first] = events;
    const partition = first && partitionOf(first.token, this.partitions);
    return refusing(append(this.#pools.writers, this.#owners, events, partition));
  }

  async fence(partition: number, epoch: number): Promise<number> {
    if (epoch > 0) await refusing(beginEpoch(this.#pools.changers, partition, epoch));
    return 0;
  }

  application(token: Token): Promise<Application | undefined> {
    return refusing(this.#reads.application(token));
  }

  applications(page: PageRequest<Token>): Promise<Page<Application>> {
    return refusing(this.#reads.applications(page));
  }

  chat(token: Token, chat: number): Promise<Chat | undefined> {
    return refusing(this.#reads.chat(token, chat));
  }

  chats(token: Token, page: PageRequest<number>): Promise<Page<Chat>> {
    return refusing(this.#reads.chats(token, page));
  }

  message(token: Token, chat: number, message: number): Promise<Message | undefined> {
    return refusing(this.#reads.message(token, chat, message));
  }

  messagesAt(token: Token, chat: number, numbers: readonly number[]): Promise<readonly Message[]> {
    return refusing(this.#reads.messagesAt({ token, chat }, numbers));
  }

  messages(token: Token, chat: number, page: PageRequest<number>): Promise<Page<Message>> {
    return refusing(this.#reads.messages(token, chat, page));
  }

  async renameApplication(token: Token, name: string): Promise<Application | undefined> {
    const row = await refusing(renameApplication(this.#pools.changers, token, name));
    return row && toApplication(row);
  }

  async renameChat(token: Token, chat: number, name: string): Promise<Chat | undefined> {
    const row = await refusing(renameChat(this.#pools.changers, { token, chat }, name));
    return row && toChat(row);
  }

  async rewriteMessage(token: Token, chat: number, message: number, content: string): Promise<Message | undefined> {
    const row = await refusing(rewriteMessage(this.#pools.changers, { token, chat, message }, content));
    return row && toMessage(row);
  }

  highest(sequence: Sequence): Promise<Highest | undefined> {
    return refusing(this.#reads.highest(sequence));
  }

  keyedCreate(scope: Token | 'applications', hash: string): Promise<KeyedCreate | undefined> {
    return refusing(findKeyedCreate(this.#pools.readers, scope, hash));
  }

  async ping(): Promise<void> {
    const [answer] = await refusing(
      this.#pools.readers.useAgain((session) => session.select<{ writable: number }>(PING)),
    );
    if (answer?.writable !== 1) throw refusalOf(new DatabaseFault('outage', 'READ_ONLY'));
  }
}

/** Fails where the tables are not there yet. */
const PING = "SELECT NOT @@GLOBAL.read_only AS writable FROM counter_generations WHERE name = 'open'";

export async function refusing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusalOf(error);
  }
}
