import type { Database } from 'bun:sqlite';
import {
  type ApplicationChange,
  applicationRecord,
  chatRecord,
  Gone,
  type MessageChange,
  messageRecord,
  NotYours,
  type OwnerChange,
  SenderFixed,
  type Token,
  VersionConflict,
} from '@parley/domain';
import { MESSAGE_ID } from './database.ts';
import type { EmbeddedFeed } from './feed.ts';
import type { Owners } from './owners.ts';
import {
  APPLICATION_COLUMNS,
  type ApplicationRow,
  CHAT_COLUMNS,
  type ChatRow,
  type LimitColumns,
  type MessageRow,
  NUMBERED_MESSAGE_COLUMNS,
} from './rows.ts';
import type { SearchBacklog } from './search-backlog.ts';
import type { SearchTables } from './search-tables.ts';

type Versions = readonly number[] | undefined;
type CheckedMessage = Pick<MessageRow, 'deletedAt' | 'version' | 'senderId'>;

/** Changes rows, each in a transaction with its entry in the feed. Throws as the store's methods reject. */
export class Changes {
  readonly #statements;
  readonly #transactions;

  constructor(
    database: Database,
    private readonly owners: Owners,
    private readonly search: SearchTables,
    private readonly backlog: SearchBacklog,
    private readonly feed: EmbeddedFeed,
    private readonly now: () => number,
    private readonly accessNow: () => number,
  ) {
    this.#statements = prepare(database);
    this.#transactions = {
      application: database.transaction((token: Token, change: ApplicationChange) => this.#application(token, change)),
      chat: database.transaction((token: Token, chat: number, change: OwnerChange) => this.#chat(token, chat, change)),
      message: database.transaction((token: Token, chat: number, number: number, change: MessageChange) =>
        this.#message(token, chat, number, change),
      ),
    };
  }

  application(token: Token, change: ApplicationChange): ApplicationRow | undefined {
    return this.#transactions.application.immediate(token, change);
  }

  chat(token: Token, chat: number, change: OwnerChange): ChatRow | undefined {
    return this.#transactions.chat.immediate(token, chat, change);
  }

  message(token: Token, chat: number, number: number, change: MessageChange): MessageRow | undefined {
    this.backlog.flush();
    return this.#transactions.message.immediate(token, chat, number, change);
  }

  #application(token: Token, change: ApplicationChange): ApplicationRow | undefined {
    const row = this.#statements.application.get(token);
    if (row === null) return undefined;
    checkRow('application', row, change.versions);
    const { name = row.name, metadata = row.metadata, retentionDays = row.retentionDays } = change;
    this.feed.add(applicationRecord('updated', token));
    if (change.limits !== undefined) this.#changeLimits(token, row, change.limits);
    return this.#statements.changeApplication.get(token, name, metadata, this.now(), retentionDays) ?? undefined;
  }

  #changeLimits(token: Token, row: LimitColumns, change: NonNullable<ApplicationChange['limits']>): void {
    const {
      messagesPerSecond = row.messagesPerSecond,
      requestsPerSecond = row.requestsPerSecond,
      createsInFlight = row.createsInFlight,
      liveConnections = row.liveConnections,
    } = change;
    const limits = [messagesPerSecond, requestsPerSecond, createsInFlight, liveConnections] as const;
    this.#statements.changeLimits.run(token, ...limits, this.accessNow());
  }

  #chat(token: Token, chat: number, change: OwnerChange): ChatRow | undefined {
    if (!this.owners.hasApplication(token)) return undefined;
    const row = this.#statements.chat.get(token, chat);
    if (row === null) return undefined;
    checkRow('chat', row, change.versions);
    const { name = row.name, metadata = row.metadata } = change;
    this.feed.add(chatRecord('updated', token, chat));
    return this.#statements.changeChat.get(token, chat, name, metadata, this.now()) ?? undefined;
  }

  #message(token: Token, chat: number, number: number, change: MessageChange): MessageRow | undefined {
    const owner = this.owners.chat(token, chat);
    if (owner === undefined) return undefined;
    if (number <= owner.purgedThrough) throw new Gone('message');
    const row = this.#statements.message.get(owner.id, number);
    if (row === null) return undefined;
    checkMessage(row, change.versions, change.by);
    if (change.senderId !== undefined && change.senderId !== row.senderId) throw new SenderFixed();
    const { content = row.content, metadata = row.metadata } = change;
    if (content !== row.content) this.search.rewrite({ chatId: owner.id, number }, row.content, content);
    this.feed.add(messageRecord('updated', token, chat, number));
    return this.#statements.changeMessage.get(owner.id, number, content, metadata, this.now()) ?? undefined;
  }
}

/** Throws Gone if the row is deleted, VersionConflict if it has none of the versions. */
export function checkRow(
  what: Gone['what'],
  { deletedAt, version }: { readonly deletedAt: number | null; readonly version: number },
  versions: Versions,
): void {
  if (deletedAt !== null) throw new Gone(what);
  if (versions !== undefined && !versions.includes(version)) throw new VersionConflict();
}

/** As `checkRow`. Throws NotYours before VersionConflict if the message has another sender than `by`, or none. */
export function checkMessage(row: CheckedMessage, versions: Versions, by: string | undefined): void {
  if (row.deletedAt === null && by !== undefined && row.senderId !== by) throw new NotYours();
  checkRow('message', row, versions);
}

function prepare(database: Database) {
  type Text = string | null;
  type Limit = number | null;
  return {
    application: database.query<ApplicationRow, [Token]>(
      `SELECT ${APPLICATION_COLUMNS} FROM applications WHERE token = ?`,
    ),
    chat: database.query<ChatRow, [Token, number]>(`SELECT ${CHAT_COLUMNS} FROM chats WHERE token = ? AND number = ?`),
    message: database.query<MessageRow, [number, number]>(
      `SELECT ${NUMBERED_MESSAGE_COLUMNS} FROM messages WHERE id = ${MESSAGE_ID}`,
    ),
    changeApplication: database.query<ApplicationRow, [Token, string, Text, number, number | null]>(
      `UPDATE applications SET name = ?2, metadata = ?3, updated_at = max(updated_at, ?4), retention_days = ?5,
         version = version + 1 WHERE token = ?1 RETURNING ${APPLICATION_COLUMNS}`,
    ),
    changeLimits: database.query<unknown, [Token, Limit, Limit, Limit, Limit, number]>(
      `UPDATE applications SET messages_per_second = ?2, requests_per_second = ?3, creates_in_flight = ?4,
         live_connections = ?5, limits_changed_at = ?6 WHERE token = ?1`,
    ),
    changeChat: database.query<ChatRow, [Token, number, string, Text, number]>(
      `UPDATE chats SET name = ?3, metadata = ?4, updated_at = max(updated_at, ?5), version = version + 1
       WHERE token = ?1 AND number = ?2 RETURNING ${CHAT_COLUMNS}`,
    ),
    changeMessage: database.query<MessageRow, [number, number, string, Text, number]>(
      `UPDATE messages SET content = ?3, metadata = ?4, updated_at = max(updated_at, ?5), version = version + 1
       WHERE id = ${MESSAGE_ID} RETURNING ${NUMBERED_MESSAGE_COLUMNS}`,
    ),
  };
}
