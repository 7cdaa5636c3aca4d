import type {
  Appended,
  Application,
  ApplicationChange,
  Chat,
  Event,
  InboxPage,
  InboxPosition,
  KeyedCreate,
  Message,
  MessageChange,
  OwnerChange,
  Page,
  PageRequest,
  ReadMark,
  Sequence,
  Store,
  Token,
  Uncounted,
} from '@parley/domain';
import { partitionOf } from '@parley/domain';
import { append } from './append/append.ts';
import { KnownOwners } from './append/owners.ts';
import { changeApplication, changeChat, changeMessage } from './changes.ts';
import { passFence } from './commit.ts';
import { type Deleted, deleteApplication, deleteChat, deleteMessage } from './deletes.ts';
import { DatabaseFault, refusalOf, refusing } from './faults.ts';
import { ReadMarks } from './inbox/mark-read.ts';
import { inbox } from './inbox/page.ts';
import { readMarks, unread } from './inbox/unread.ts';
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

/** Gets what a delete has taken from the counts, for Counters. The delete waits for it. It must not reject. */
export type OnUncounted = (uncounted: Uncounted) => Promise<void>;

/** The maximum number of remembered owners (applications and chats), in all partitions together. */
const OWNERS_MAX = 100_000;

export class MysqlStore extends Reads implements Store {
  readonly #pools: StorePools;
  readonly #partitions: number;
  readonly #owners: readonly KnownOwners[];
  readonly #onUncounted: OnUncounted;
  readonly #marks: ReadMarks;

  constructor(pools: StorePools, partitions: number, onUncounted: OnUncounted = async () => {}) {
    super(pools.readers, partitions);
    this.#pools = pools;
    this.#partitions = partitions;
    this.#onUncounted = onUncounted;
    this.#marks = new ReadMarks(pools.changers);
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
      discarded: parts.reduce((discarded, part) => discarded + part.discarded, 0),
      rejected: parts.flatMap(({ rejected }) => rejected),
      uncounted: parts.flatMap(({ uncounted }) => uncounted),
    };
  }

  fence(partition: number, epoch: number): Promise<number> {
    return refusing(passFence(this.#pools.changers, partition, epoch));
  }

  async changeApplication(token: Token, change: ApplicationChange): Promise<Application | undefined> {
    const row = await refusing(changeApplication(this.#pools.changers, this.key(token), change));
    return row && toApplication(row);
  }

  async changeChat(token: Token, chat: number, change: OwnerChange): Promise<Chat | undefined> {
    const row = await refusing(changeChat(this.#pools.changers, { ...this.key(token), chat }, change));
    return row && toChat(row);
  }

  async changeMessage(
    token: Token,
    chat: number,
    message: number,
    change: MessageChange,
  ): Promise<Message | undefined> {
    const key = { ...this.key(token), chat, message };
    const row = await refusing(changeMessage(this.#pools.changers, key, change));
    return row && toMessage(row);
  }

  deleteApplication(token: Token, versions?: readonly number[]): Promise<boolean> {
    return this.#deleting(deleteApplication(this.#pools.changers, this.key(token), versions));
  }

  deleteChat(token: Token, chat: number, versions?: readonly number[]): Promise<boolean> {
    return this.#deleting(deleteChat(this.#pools.changers, { ...this.key(token), chat }, versions));
  }

  deleteMessage(
    token: Token,
    chat: number,
    message: number,
    versions?: readonly number[],
    by?: string,
  ): Promise<boolean> {
    const key = { ...this.key(token), chat, message };
    return this.#deleting(deleteMessage(this.#pools.changers, key, versions, by));
  }

  async #deleting(work: Promise<Deleted>): Promise<boolean> {
    const { deleted, uncounted } = await refusing(work);
    if (uncounted !== undefined) await this.#onUncounted(uncounted);
    return deleted;
  }

  inbox(token: Token, limit: number, after?: InboxPosition, only?: readonly number[]): Promise<InboxPage> {
    return refusing(inbox(this.#pools.readers, this.key(token), limit, after, only));
  }

  markRead(token: Token, chat: number, userId: string, number: number): Promise<ReadMark | undefined> {
    return refusing(this.#marks.mark({ ...this.key(token), chat }, userId, number));
  }

  readMarks(token: Token, chat: number, page: PageRequest<string>): Promise<Page<ReadMark, string>> {
    return refusing(readMarks(this.#pools.readers, { ...this.key(token), chat }, page));
  }

  unread(token: Token, userId: string, chats: readonly number[]): Promise<readonly number[]> {
    return refusing(unread(this.#pools.readers, this.key(token), userId, chats));
  }

  keyedCreate(scope: Token | 'applications', hash: string, sequence?: Sequence): Promise<KeyedCreate | undefined> {
    return refusing(findKeyedCreate(this.#pools.readers, this.#partitions, scope, hash, sequence));
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
