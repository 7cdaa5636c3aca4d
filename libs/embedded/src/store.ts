import type { Database } from 'bun:sqlite';
import {
  type Appended,
  type Application,
  type ApplicationChange,
  type Chat,
  type Event,
  type Highest,
  type InboxPage,
  type InboxPosition,
  type KeyedCreate,
  type Message,
  type MessageChange,
  type MessagePage,
  type MessagePlace,
  messagePageOf,
  type OwnerChange,
  type Page,
  type PageRequest,
  type PlacedMessage,
  type ReadMark,
  type Sequence,
  type Store,
  type Token,
} from '@parley/domain';
import type { Activity } from './activity.ts';
import { Appender } from './append.ts';
import { Changes } from './changes.ts';
import { guarded } from './database.ts';
import { Deletes } from './deletes.ts';
import type { EmbeddedFeed } from './feed.ts';
import { Inbox } from './inbox.ts';
import type { KeptKeys } from './kept-keys.ts';
import { EPOCH } from './numbering.ts';
import type { Owners } from './owners.ts';
import { ReadMarks } from './reads.ts';
import { applicationOf, chatOf, messageOf } from './rows.ts';
import type { SearchTables } from './search-tables.ts';
import { StoreReads } from './store-reads.ts';
import { Unread } from './unread.ts';
import type { Writing } from './writing.ts';

export interface StoreParts {
  readonly database: Database;
  readonly writing: Writing;
  readonly owners: Owners;
  readonly kept: KeptKeys;
  readonly tables: SearchTables;
  readonly feed: EmbeddedFeed;
  readonly activity: Activity;
  readonly now: () => number;
  /** The clock of the keys and limits (see EmbeddedKeys). */
  readonly accessNow: () => number;
}

export class EmbeddedStore implements Store {
  readonly #owners: Owners;
  readonly #kept: KeptKeys;
  readonly #writing: Writing;
  readonly #appender: Appender;
  readonly #reads: StoreReads;
  readonly #changes: Changes;
  readonly #deletes: Deletes;
  readonly #inbox: Inbox;
  readonly #marks: ReadMarks;
  readonly #unread: Unread;

  constructor({ database, writing, owners, kept, tables, feed, activity, now, accessNow }: StoreParts) {
    this.#owners = owners;
    this.#kept = kept;
    this.#writing = writing;
    this.#appender = new Appender(database, owners, kept, tables, feed);
    this.#reads = new StoreReads(database, owners);
    this.#changes = new Changes(database, owners, tables, feed, now, accessNow);
    this.#deletes = new Deletes(database, owners, tables, feed, activity, now, accessNow);
    this.#inbox = new Inbox(database, owners, activity);
    this.#marks = new ReadMarks(database, owners, feed, this.#writing, now);
    this.#unread = new Unread(database, owners);
  }

  append(events: readonly Event[]): Promise<Appended> {
    return this.#writing.run(() => this.#appender.append(events));
  }

  /** Does nothing and returns 0: there is only one epoch, and no copy of the file that could be older. */
  async fence(): Promise<number> {
    return 0;
  }

  async reached(): Promise<void> {}

  application(token: Token): Promise<Application | undefined> {
    return guarded(() => this.#reads.application(token));
  }

  applications(page: PageRequest<Token>): Promise<Page<Application>> {
    return guarded(() => this.#reads.applications(page));
  }

  chat(token: Token, chat: number): Promise<Chat | undefined> {
    return guarded(() => this.#reads.chat(token, chat));
  }

  chats(token: Token, page: PageRequest<number>, only?: readonly number[]): Promise<Page<Chat>> {
    return guarded(() => this.#reads.chats(token, page, only));
  }

  message(token: Token, chat: number, message: number): Promise<Message | undefined> {
    return guarded(() => this.#reads.message(token, chat, message));
  }

  messagesAt(token: Token, places: readonly MessagePlace[]): Promise<readonly PlacedMessage[]> {
    return guarded(() => this.#reads.messagesAt(token, places));
  }

  messages(token: Token, chat: number, page: PageRequest<number>): Promise<MessagePage> {
    return guarded(() => messagePageOf(this.#reads.messages(token, chat, page)));
  }

  async changeApplication(token: Token, change: ApplicationChange): Promise<Application | undefined> {
    const row = await this.#writing.run(() => this.#changes.application(token, change));
    return row && applicationOf(row);
  }

  async changeChat(token: Token, chat: number, change: OwnerChange): Promise<Chat | undefined> {
    const row = await this.#writing.run(() => this.#changes.chat(token, chat, change));
    return row && chatOf(row);
  }

  async changeMessage(
    token: Token,
    chat: number,
    message: number,
    change: MessageChange,
  ): Promise<Message | undefined> {
    const row = await this.#writing.run(() => this.#changes.message(token, chat, message, change));
    return row && messageOf(row);
  }

  deleteApplication(token: Token, versions?: readonly number[]): Promise<boolean> {
    return this.#writing.run(() => this.#deletes.application(token, versions));
  }

  deleteChat(token: Token, chat: number, versions?: readonly number[]): Promise<boolean> {
    return this.#writing.run(() => this.#deletes.chat(token, chat, versions));
  }

  deleteMessage(
    token: Token,
    chat: number,
    message: number,
    versions?: readonly number[],
    by?: string,
  ): Promise<boolean> {
    return this.#writing.run(() => this.#deletes.message({ token, chat, number: message }, { versions, by }));
  }

  inbox(token: Token, limit: number, after?: InboxPosition, only?: readonly number[]): Promise<InboxPage> {
    return guarded(() => this.#inbox.page(token, limit, after, only));
  }

  markRead(token: Token, chat: number, userId: string, number: number): Promise<ReadMark | undefined> {
    return this.#marks.mark({ token, chat, userId, number });
  }

  readMarks(token: Token, chat: number, page: PageRequest<string>): Promise<Page<ReadMark, string>> {
    return this.#marks.page(token, chat, page);
  }

  unread(token: Token, userId: string, chats: readonly number[]): Promise<readonly number[]> {
    return this.#unread.counts(token, userId, chats);
  }

  highest(sequence: Sequence): Promise<Highest | undefined> {
    return guarded(() => this.#reads.highest(sequence));
  }

  keyedCreate(scope: Token | 'applications', hash: string, sequence?: Sequence): Promise<KeyedCreate | undefined> {
    return guarded(() => {
      const kept = this.#kept.find(scope, hash);
      if (kept === undefined || (sequence !== undefined && !this.#owners.has(sequence))) return undefined;
      const { body: bodyHash, ...rest } = kept;
      return { ...rest, bodyHash, epoch: EPOCH };
    });
  }

  ping(): Promise<void> {
    return this.#writing.ping();
  }
}
