import type {
  Application,
  Chat,
  Highest,
  Message,
  MessagePage,
  MessagePlace,
  Page,
  PageRequest,
  PlacedMessage,
  Sequence,
  Token,
} from '@parley/domain';
import { epochOfEventId, Gone, messagePageOf, partitionOf, sequenceKey } from '@parley/domain';
import { DatabaseFault, refusalOf, refusing } from '../faults.ts';
import { integer, tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { Session } from '../session.ts';
import { LivingOwners } from './living-owners.ts';
import { arrayOf, type MessageRowJson, MessageRows } from './message-rows.ts';
import { readPage } from './pages.ts';
import { PointReads } from './point-reads.ts';
import {
  type ApplicationRow,
  type ChatRow,
  type MessageRow,
  toApplication,
  toChat,
  toMessage,
  toPlacedMessage,
} from './rows.ts';
import * as statements from './statements.ts';

/**
 * The reads of the store. Every statement is safe to repeat, so it is retried once after a lost connection. All methods
 * reject with Unavailable if the database is unreachable or too slow.
 */
export class Reads {
  readonly #pool: Pool;
  readonly #partitions: number;
  readonly #applications: PointReads<statements.ApplicationKey, Application | Gone>;
  readonly #chats: PointReads<statements.ChatKey, Chat | Gone>;
  readonly #messages: PointReads<statements.MessageKey, MessageRow>;
  readonly #messagePages: PointReads<statements.MessagePageRead, MessagePageFound>;
  readonly #living: LivingOwners;
  /** Memory for rows that no statement uses now: at most as many as statements run at once. */
  readonly #idleRows: MessageRows[] = [];

  constructor(pool: Pool, partitions: number) {
    this.#pool = pool;
    this.#partitions = partitions;
    this.#applications = new PointReads(
      ({ token }) => token,
      async (keys) => {
        const rows = await this.#select<ApplicationRow>(statements.selectApplications(keys));
        return new Map(
          rows.map((row) => [
            tokenOf(row.token),
            row.deleted_at === null ? toApplication(row) : new Gone('application'),
          ]),
        );
      },
    );
    this.#chats = new PointReads(
      ({ token, chat }) => chatText(token, chat),
      async (keys) => {
        const rows = await this.#select<ChatRow>(statements.selectChats(keys));
        return new Map(
          rows.map((row) => [
            chatText(tokenOf(row.token), row.number),
            row.deleted_at === null ? toChat(row) : new Gone('chat'),
          ]),
        );
      },
    );
    this.#messages = new PointReads(
      ({ token, chat, message }) => messageText(token, chat, message),
      async (keys) => {
        const rows = await this.#select<MessageRow>(statements.selectMessages(keys));
        return new Map(rows.map((row) => [messageText(tokenOf(row.token), row.chat_number, row.number), row]));
      },
    );
    this.#messagePages = new PointReads(pageText, (pages) => this.#readMessagePages(pages), {
      weightOf: ({ rows }) => rows,
      weightMax: PAGE_ROWS_PER_STATEMENT,
    });
    this.#living = new LivingOwners((sql) => this.#select(sql));
  }

  async application(token: Token): Promise<Application | undefined> {
    return unlessGone(await this.#applications.get(this.key(token)));
  }

  async chat(token: Token, chat: number): Promise<Chat | undefined> {
    const key = { ...this.key(token), chat };
    const [found, lives] = await Promise.all([this.#chats.get(key), this.#living.application(key)]);
    return lives ? unlessGone(found) : undefined;
  }

  async message(token: Token, chat: number, message: number): Promise<Message | undefined> {
    const key = { ...this.key(token), chat, message };
    const row = await this.#messages.get(key);
    const known = row && this.#living.known(key, row.deletes);
    const hidden = known ?? (await this.#living.chat(key));
    if (hidden === undefined) return undefined;
    if (message <= hidden || (row !== undefined && row.deleted_at !== null)) throw new Gone('message');
    return row && toMessage(row);
  }

  async messagesAt(token: Token, places: readonly MessagePlace[]): Promise<readonly PlacedMessage[]> {
    if (places.length === 0) return [];
    const key = this.key(token);
    const keys = places.map(({ chat, number }) => ({ ...key, chat, message: number }));
    const chats = [...new Set(places.map(({ chat }) => chat))];
    const [rows, ...hidden] = await Promise.all([
      this.#select<MessageRow>(statements.selectMessages(keys)),
      ...chats.map((chat) => this.#living.chat({ ...key, chat })),
    ]);
    const hiddenOf = new Map(chats.map((chat, place) => [chat, hidden[place] ?? ALL]));
    return rows
      .filter((row) => row.deleted_at === null && row.number > (hiddenOf.get(row.chat_number) ?? ALL))
      .map(toPlacedMessage);
  }

  applications(page: PageRequest<Token>): Promise<Page<Application>> {
    return readPage(page, {
      read: (next, rows) => this.#select<ApplicationRow>(statements.pageOfApplications(next, rows)),
      keyOf: (row) => tokenOf(row.token),
      toEntity: toApplication,
    });
  }

  async chats(token: Token, page: PageRequest<number>, only?: readonly number[]): Promise<Page<Chat>> {
    if (only?.length === 0) return NO_ROWS;
    const key = this.key(token);
    const sql = (next: PageRequest<number>, rows: number) =>
      only === undefined ? statements.pageOfChats(key, next, rows) : statements.pageOfSomeChats(key, only, next, rows);
    const reading = readPage(page, {
      read: (next, rows) => this.#select<ChatRow>(sql(next, rows)),
      keyOf: (row) => row.number,
      toEntity: (row: ChatRow) => toChat(row),
    });
    const [read, lives] = await Promise.all([reading, this.#living.application(key)]);
    return lives ? read : NO_ROWS;
  }

  async messages(token: Token, chat: number, page: PageRequest<number>): Promise<MessagePage> {
    const key = { ...this.key(token), chat };
    const guess = this.#living.guess(key);
    const { deletes, ...read } = await this.#messagesPage(key, page, guess);
    const hidden = this.#living.known(key, deletes) ?? (await this.#living.chat(key));
    if (hidden === undefined) return messagePageOf(NO_ROWS);
    return hidden === guess ? read : this.#messagesPage(key, page, hidden);
  }

  /** `deletes`: the partition's, in the snapshot of the last rows. */
  async #messagesPage(key: statements.ChatKey, page: PageRequest<number>, hidden: number) {
    let deletes = 0;
    const found = await readPage(page, {
      read: async (next, rows) => {
        const read = await this.#messagePages.get({ key, page: next, rows, hidden });
        deletes = read?.deletes ?? 0;
        return read?.rows ?? [];
      },
      keyOf: (row) => row.number,
      toEntity: (row: MessageRowJson) => row,
    });
    return { ...found, json: arrayOf(found.rows), deletes };
  }

  #readMessagePages(pages: readonly statements.MessagePageRead[]): Promise<ReadonlyMap<string, MessagePageFound>> {
    const sql = statements.pagesOfMessages(pages);
    const read = async (session: Session) => {
      const rows = this.#idleRows.pop() ?? new MessageRows();
      rows.clear();
      const found: ReturnType<MessageRows['message']>[][] = pages.map(() => []);
      const deletes = new Map<number, number>();
      await session.scan(sql, (bytes, start, end) => {
        const place = rows.begin(bytes, start);
        if (place < statements.PARTITION_ROW) found[place]?.push(rows.message(end));
        else deletes.set(place - statements.PARTITION_ROW, rows.integer());
      });
      const answers = pages.map((page, place) => {
        const taken = { rows: rows.take(found[place] ?? []), deletes: deletes.get(page.key.partition) ?? 0 };
        return [pageText(page), taken] as const;
      });
      if (rows.bytes <= IDLE_ROWS_BYTES_MAX) this.#idleRows.push(rows);
      return new Map(answers);
    };
    return refusing(this.#pool.useAgain(read));
  }

  async highest(sequence: Sequence, seq = 0): Promise<Highest | undefined> {
    const key = this.key(sequence.token);
    const sql =
      sequence.kind === 'chats'
        ? statements.highestChat(key)
        : statements.highestMessage({ ...key, chat: sequence.chat });
    const [row] = await this.#select<HighestRow>(sql);
    if (row === undefined || row.seq < seq) throw olderState();
    if (row.owned === 0) return undefined;
    if (row.number === null || row.number < row.purged_through) return { number: row.purged_through };
    return { number: row.number, epoch: epochOfEventId(row.event_id.toString('hex')), at: row.at.getTime() };
  }

  async reached(token: Token, seq: number): Promise<void> {
    const { partition } = this.key(token);
    const [row] = await this.#select<{ seq: number }>(
      `SELECT seq FROM partitions WHERE partition_number = ${integer(partition)}`,
    );
    if (row === undefined || row.seq < seq) throw olderState();
  }

  protected key(token: Token): statements.ApplicationKey {
    return { partition: partitionOf(token, this.#partitions), token };
  }

  #select<Row>(sql: string): Promise<Row[]> {
    return refusing(this.#pool.useAgain((session) => session.select<Row>(sql)));
  }
}

const NO_ROWS = { rows: [], more: false } as const;
/** All numbers are hidden: the chat does not live. */
const ALL = Number.POSITIVE_INFINITY;

function olderState(): unknown {
  return refusalOf(new DatabaseFault('outage', 'OLDER_STATE'));
}

/** `purged_through` is that of the chat, 0 in an application. It is null only if the owner is not there. */
type HighestRow = { readonly seq: number; readonly owned: 0 | 1; readonly purged_through: number } & (
  | { readonly number: null }
  | { readonly number: number; readonly event_id: Buffer; readonly at: Date }
);

function unlessGone<Entity>(found: Entity | Gone | undefined): Entity | undefined {
  if (found instanceof Gone) throw found;
  return found;
}

function chatText(token: Token, chat: number): string {
  return sequenceKey({ kind: 'messages', token, chat });
}

interface MessagePageFound {
  readonly rows: readonly MessageRowJson[];
  readonly deletes: number;
}

/** Sixteen pages of the usual size, with the row that shows whether more follow. 816 of the longest are 33 MB. */
const PAGE_ROWS_PER_STATEMENT = 16 * 51;

/** Larger memory for rows is not kept: a page of the longest texts has 8 MB. */
const IDLE_ROWS_BYTES_MAX = 1024 * 1024;

function pageText({ key, page, rows, hidden }: statements.MessagePageRead): string {
  return `${chatText(key.token, key.chat)}:${rows}:${hidden}:${page.order}:${page.after}:${page.before}`;
}

function messageText(token: Token, chat: number, message: number): string {
  return `${chatText(token, chat)}:${message}`;
}
