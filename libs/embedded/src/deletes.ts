import type { Database } from 'bun:sqlite';
import { applicationRecord, chatRecord, messageRecord, type Token } from '@parley/domain';
import type { Activity } from './activity.ts';
import { checkMessage, checkRow } from './changes.ts';
import { MESSAGE_ID } from './database.ts';
import type { EmbeddedFeed } from './feed.ts';
import type { Owners } from './owners.ts';
import type { SearchBacklog } from './search-backlog.ts';
import type { SearchTables } from './search-tables.ts';

type Versions = readonly number[] | undefined;

interface Message {
  readonly token: Token;
  readonly chat: number;
  readonly number: number;
}

/** A message is deleted only if it has one of the versions, and the sender `by`. */
interface Condition {
  readonly versions: Versions;
  readonly by: string | undefined;
}

interface Deleted {
  readonly version: number;
  readonly deletedAt: number | null;
}

/**
 * Deletes rows: erases their contents, and leaves the rows. What is below an application or a chat is not there any more
 * from that commit on; a row in `purges` has it removed later. Each method returns false if there is nothing to delete.
 */
export class Deletes {
  readonly #statements;
  readonly #transactions;

  constructor(
    database: Database,
    private readonly owners: Owners,
    private readonly search: SearchTables,
    private readonly backlog: SearchBacklog,
    private readonly feed: EmbeddedFeed,
    private readonly activity: Activity,
    private readonly now: () => number,
    private readonly accessNow: () => number,
  ) {
    this.#statements = prepare(database);
    this.#transactions = {
      application: database.transaction((token: Token, versions: Versions) => this.#application(token, versions)),
      chat: database.transaction((token: Token, chat: number, versions: Versions) => this.#chat(token, chat, versions)),
      message: database.transaction((message: Message, condition: Condition) => this.#message(message, condition)),
    };
  }

  application(token: Token, versions: Versions): boolean {
    const done = this.#transactions.application.immediate(token, versions);
    this.owners.forget();
    return done;
  }

  chat(token: Token, chat: number, versions: Versions): boolean {
    const done = this.#transactions.chat.immediate(token, chat, versions);
    this.owners.forget();
    return done;
  }

  message(message: Message, condition: Condition): boolean {
    this.backlog.flush();
    return this.#transactions.message.immediate(message, condition);
  }

  #application(token: Token, versions: Versions): boolean {
    const { application, eraseApplication, forgetTasks, addTask } = this.#statements;
    const row = application.get(token);
    if (row === null) return false;
    if (row.deletedAt !== null) return true;
    checkRow('application', row, versions);
    const at = this.now();
    eraseApplication.run(token, at, this.accessNow());
    forgetTasks.run(token);
    addTask.run(token, 0, at);
    this.feed.add(applicationRecord('deleted', token));
    return true;
  }

  #chat(token: Token, chat: number, versions: Versions): boolean {
    const { eraseChat, uncountChat, addTask } = this.#statements;
    if (!this.owners.hasApplication(token)) return false;
    const row = this.#statements.chat.get(token, chat);
    if (row === null) return false;
    if (row.deletedAt !== null) return true;
    checkRow('chat', row, versions);
    const at = this.now();
    eraseChat.run(token, chat, at);
    uncountChat.run(token);
    addTask.run(token, chat, at);
    this.feed.add(chatRecord('deleted', token, chat));
    return true;
  }

  #message({ token, chat, number }: Message, { versions, by }: Condition): boolean {
    const { message, eraseMessage, uncountMessage } = this.#statements;
    const owner = this.owners.chat(token, chat);
    if (owner === undefined) return false;
    if (number <= owner.purgedThrough) return true;
    const row = message.get(owner.id, number);
    if (row === null) return false;
    if (row.deletedAt !== null) return true;
    checkMessage(row, versions, by);
    this.search.erase({ chatId: owner.id, number }, row.content);
    eraseMessage.run(owner.id, number, this.now());
    uncountMessage.run(owner.id);
    this.activity.deleted(owner.id, number);
    this.feed.add(messageRecord('deleted', token, chat, number));
    return true;
  }
}

function prepare(database: Database) {
  const erased = (at: string) =>
    `metadata = NULL, version = version + 1, deleted_at = ${at}, updated_at = max(updated_at, ${at})`;
  return {
    application: database.query<Deleted, [Token]>(
      'SELECT version, deleted_at AS deletedAt FROM applications WHERE token = ?',
    ),
    eraseApplication: database.query<unknown, [Token, number, number]>(
      `UPDATE applications SET name = '', retention_days = NULL, messages_per_second = NULL, requests_per_second = NULL,
         creates_in_flight = NULL, live_connections = NULL,
         limits_changed_at = CASE WHEN limits_changed_at IS NOT NULL THEN ?3 END, ${erased('?2')} WHERE token = ?1`,
    ),
    chat: database.query<Deleted, [Token, number]>(
      'SELECT version, deleted_at AS deletedAt FROM chats WHERE token = ? AND number = ?',
    ),
    eraseChat: database.query<unknown, [Token, number, number]>(
      `UPDATE chats SET name = '', last_number = 0, active_at = NULL, ${erased('?3')} WHERE token = ?1 AND number = ?2`,
    ),
    uncountChat: database.query<unknown, [Token]>(
      'UPDATE applications SET chats_count = chats_count - 1 WHERE token = ?',
    ),
    message: database.query<Deleted & { readonly content: string; readonly senderId: string | null }, [number, number]>(
      `SELECT content, sender_id AS senderId, version, deleted_at AS deletedAt FROM messages WHERE id = ${MESSAGE_ID}`,
    ),
    eraseMessage: database.query<unknown, [number, number, number]>(
      `UPDATE messages SET content = '', sender_id = NULL, ${erased('?3')} WHERE id = ${MESSAGE_ID}`,
    ),
    uncountMessage: database.query<unknown, [number]>(
      'UPDATE chats SET messages_count = messages_count - 1 WHERE id = ?',
    ),
    /** The application's own task covers its chats. */
    forgetTasks: database.query<unknown, [Token]>('DELETE FROM purges WHERE token = ?'),
    /** Replaces the task to remove a part of the chat's messages. */
    addTask: database.query<unknown, [Token, number, number]>(
      `INSERT INTO purges (token, chat, through, created_at) VALUES (?, ?, NULL, ?)
       ON CONFLICT (token, chat) DO UPDATE SET through = NULL`,
    ),
  };
}
