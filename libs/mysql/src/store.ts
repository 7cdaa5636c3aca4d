import type {
  Appended,
  Application,
  Chat,
  Event,
  Highest,
  KeyedCreate,
  Message,
  Page,
  PageRequest,
  Sequence,
  Store,
  Token,
} from '@parley/domain';
import { partitionOf } from '@parley/domain';
import { append } from './append/append.ts';
import { KnownOwners } from './append/owners.ts';
import { renameApplication, renameChat, rewriteMessage } from './changes.ts';
import { passFence } from './commit.ts';
import { DatabaseFault, refusalOf } from './faults.ts';
import { findKeyedCreate } from './keyed-creates.ts';
import type { Pool } from './pool.ts';
import { Reads } from './read/reads.ts';
import { toApplication, toChat, toMessage } from './read/rows.ts';
import type { ApplicationKey } from './read/statements.ts';

/** Connections by purpose, so that fast work never waits behind slow work. */
export interface StorePools {
  readonly writers: Pool;
  readonly readers: Pool;
  readonly changers: Pool;
}

/** The maximum number of remembered owners, in all partitions together. */
const OWNERS_MAX = 100_000;

export class MysqlStore implements Store {
  readonly #pools: StorePools;
  readonly #partitions: number;
  readonly #reads: Reads;
  readonly #owners: readonly KnownOwners[];

  constructor(pools: StorePools, partitions: number) {
    this.#pools = pools;
    this.#partitions = partitions;
    this.#reads = new Reads(pools.readers, partitions);
    const each = Math.ceil(OWNERS_MAX / partitions);
    this.#owners = Array.from({ length: partitions }, (_, partition) => new KnownOwners(partition, each));
  }

  async append(events: readonly Event[]): Promise<Appended> {
    const byPartition = Map.groupBy(events, ({ token }) => partitionOf(token, this.#partitions));
    const parts: Appended[] = [];
    for (const [partition, own] of byPartition) {
      const known = this.#owners[partition] ?? new KnownOwners(partition, 0);
      parts.push(await refusing(append(this.#pools.writers, known, partition, own)));
    }
    return {
      rows: parts.reduce((rows, part) => rows + part.rows, 0),
      repeated: parts.reduce((repeated, part) => repeated + part.repeated, 0),
      rejected: parts.flatMap(({ rejected }) => rejected),
      uncounted: parts.flatMap(({ uncounted }) => uncounted),
    };
  }

  fence(partition: number, epoch: number): Promise<number> {
    return refusing(passFence(this.#pools.changers, partition, epoch));
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
    return refusing(this.#reads.messagesAt(token, chat, numbers));
  }

  messages(token: Token, chat: number, page: PageRequest<number>): Promise<Page<Message>> {
    return refusing(this.#reads.messages(token, chat, page));
  }

  async renameApplication(token: Token, name: string): Promise<Application | undefined> {
    const row = await refusing(renameApplication(this.#pools.changers, this.#key(token), name));
    return row && toApplication(row);
  }

  async renameChat(token: Token, chat: number, name: string): Promise<Chat | undefined> {
    const row = await refusing(renameChat(this.#pools.changers, { ...this.#key(token), chat }, name));
    return row && toChat(row);
  }

  async rewriteMessage(token: Token, chat: number, message: number, content: string): Promise<Message | undefined> {
    const key = { ...this.#key(token), chat, message };
    const row = await refusing(rewriteMessage(this.#pools.changers, key, content));
    return row && toMessage(row);
  }

  highest(sequence: Sequence, seq = 0): Promise<Highest | undefined> {
    return refusing(this.#reads.highest(sequence, seq));
  }

  reached(token: Token, seq: number): Promise<void> {
    return refusing(this.#reads.reached(token, seq));
  }

  keyedCreate(scope: Token | 'applications', hash: string): Promise<KeyedCreate | undefined> {
    return refusing(findKeyedCreate(this.#pools.readers, this.#partitions, scope, hash));
  }

  async ping(): Promise<void> {
    const [answer] = await refusing(
      this.#pools.readers.useAgain((session) => session.select<{ writable: number }>(PING)),
    );
    if (answer?.writable !== 1) throw refusalOf(new DatabaseFault('outage', 'READ_ONLY'));
  }

  #key(token: Token): ApplicationKey {
    return { partition: partitionOf(token, this.#partitions), token };
  }
}

/** Fails if the tables do not exist yet. */
const PING = 'SELECT NOT @@GLOBAL.read_only AS writable FROM installation WHERE id = 1';

export async function refusing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusalOf(error);
  }
}
