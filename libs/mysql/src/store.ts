import type { Appended, Application, Chat, Event, KeyedCreate, Message, Store, Token } from '@parley/domain';
import { partitionOf } from '@parley/domain';
import { append } from './append/append.ts';
import { KnownOwners } from './append/owners.ts';
import { renameApplication, renameChat, rewriteMessage } from './changes.ts';
import { passFence } from './commit.ts';
import { DatabaseFault, refusalOf, refusing } from './faults.ts';
import { findKeyedCreate } from './keyed-creates.ts';
import type { Pool } from './pool.ts';
import { Reads } from './read/reads.ts';
import { toApplication, toChat, toMessage } from './read/rows.ts';

/** Connections by purpose, so that fast work never waits behind slow work. */
export interface StorePools {
  readonly writers: Pool;
  readonly readers: Pool;
  readonly changers: Pool;
}

/** The maximum number of remembered owners (applications and chats), in all partitions together. */
const OWNERS_MAX = 100_000;

export class MysqlStore extends Reads implements Store {
  readonly #pools: StorePools;
  readonly #partitions: number;
  readonly #owners: readonly KnownOwners[];

  constructor(pools: StorePools, partitions: number) {
    super(pools.readers, partitions);
    this.#pools = pools;
    this.#partitions = partitions;
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

  async renameApplication(token: Token, name: string): Promise<Application | undefined> {
    const row = await refusing(renameApplication(this.#pools.changers, this.key(token), name));
    return row && toApplication(row);
  }

  async renameChat(token: Token, chat: number, name: string): Promise<Chat | undefined> {
    const row = await refusing(renameChat(this.#pools.changers, { ...this.key(token), chat }, name));
    return row && toChat(row);
  }

  async rewriteMessage(token: Token, chat: number, message: number, content: string): Promise<Message | undefined> {
    const key = { ...this.key(token), chat, message };
    const row = await refusing(rewriteMessage(this.#pools.changers, key, content));
    return row && toMessage(row);
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
}

/** Whether the server accepts writes. Fails if the tables do not exist yet. */
const PING = 'SELECT NOT @@GLOBAL.read_only AS writable FROM installation WHERE id = 1';
