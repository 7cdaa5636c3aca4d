import type { Database } from 'bun:sqlite';
import {
  type Appended,
  type ApplicationCreated,
  type ChatCreated,
  type Event,
  type MessagesCreated,
  NUMBER_MAX,
  type Rejection,
  rowsOf,
} from '@parley/domain';
import { NUMBER_BITS } from './database.ts';
import type { KeptKeys } from './kept-keys.ts';
import { RecentMap } from './recent-map.ts';
import type { Searchable, SearchTables } from './search-tables.ts';

const CHAT_IDS_KEPT = 50_000;

/** What became of one event. `repeated`: it was stored before. */
type Outcome = 'stored' | 'repeated' | { readonly reason: Rejection['reason']; readonly detail: string };

/** What is written at a batch's end: new chats by token, new messages by chat id, rows of the search tables. */
interface Batch {
  readonly chats: Map<string, number>;
  readonly messages: Map<number, number>;
  readonly searchable: Searchable[];
}

/**
 * Writes each batch of events in one transaction: rows, counts, search tables and idempotency keys. Statements are
 * prepared once and written by hand: on this hot path a query builder would halve the speed. The search tables come
 * last, because they need the batch's messages in one order.
 */
export class Appender {
  readonly #statements;
  readonly #transaction;
  readonly #chatIds = new RecentMap<number>(CHAT_IDS_KEPT);

  constructor(
    database: Database,
    private readonly keys: KeptKeys,
    private readonly search: SearchTables,
  ) {
    this.#statements = prepare(database);
    this.#transaction = database.transaction((events: readonly Event[]) => this.#write(events));
  }

  /** Stores events in one transaction. Throws the database's error; then nothing is stored. */
  append(events: readonly Event[]): Appended {
    try {
      return this.#transaction.immediate(events);
    } catch (error) {
      this.#chatIds.clear(); // remembered ids may belong to chats that were rolled back
      throw error;
    }
  }

  #write(events: readonly Event[]): Appended {
    const batch: Batch = { chats: new Map(), messages: new Map(), searchable: [] };
    const rejected: Rejection[] = [];
    let rows = 0;
    let repeated = 0;
    for (const event of events) {
      const outcome = this.#writeEvent(event, batch);
      if (outcome === 'repeated') repeated += 1;
      else if (outcome !== 'stored') rejected.push({ event, ...outcome });
      else {
        rows += rowsOf(event);
        if (event.key !== undefined) this.keys.keep(event, event.key);
      }
    }
    this.#finish(batch);
    return { rows, repeated, rejected, uncounted: [] };
  }

  #finish({ chats, messages, searchable }: Batch): void {
    const { countChats, countMessages } = this.#statements;
    for (const [token, count] of chats) countChats.run(count, token);
    for (const [chat, count] of messages) countMessages.run(count, chat);
    this.search.insert(searchable);
  }

  #writeEvent(event: Event, batch: Batch): Outcome {
    switch (event.type) {
      case 'application':
        return this.#writeApplication(event);
      case 'chat': {
        const outcome = this.#writeChat(event);
        if (outcome === 'stored') batch.chats.set(event.token, (batch.chats.get(event.token) ?? 0) + 1);
        return outcome;
      }
      case 'messages': {
        const chat = this.#chatId(event.token, event.chat);
        if (chat === undefined) return { reason: 'unknown-owner', detail: `chat ${event.chat} is not stored` };
        return this.#writeMessages(event, chat, batch);
      }
    }
  }

  #writeApplication({ id, token, name, at }: ApplicationCreated): Outcome {
    const taken = this.#statements.applicationEvent.get(token);
    if (taken !== null) return repeatedOr(taken.eventId === id, 'the token is taken');
    this.#statements.insertApplication.run(token, name, id, at, at);
    return 'stored';
  }

  #writeChat({ id, token, number, name, at }: ChatCreated): Outcome {
    const taken = this.#statements.chatEvent.get(token, number);
    if (taken !== null) return repeatedOr(taken.eventId === id, `chat ${number} is taken`);
    if (this.#statements.applicationEvent.get(token) === null) {
      return { reason: 'unknown-owner', detail: 'the application is not stored' };
    }
    this.#statements.insertChat.run(token, number, name, id, at, at);
    return 'stored';
  }

  #writeMessages({ id, chat, first, contents, at }: MessagesCreated, chatId: number, batch: Batch): Outcome {
    const { messageEvent, insertMessage } = this.#statements;
    const last = first + contents.length - 1;
    // With more than 34 bits, a number would make the message's id one of the next chat.
    if (last > NUMBER_MAX) return { reason: 'rejected', detail: `there is no message ${last}` };
    const taken = messageEvent.get(chatId, first, last);
    if (taken !== null) return repeatedOr(taken.eventId === id, `a message of chat ${chat} from ${first} is taken`);
    let number = first;
    for (const content of contents) {
      insertMessage.run(chatId, number, content, id, at, at);
      batch.searchable.push({ chatId, number, content });
      number += 1;
    }
    batch.messages.set(chatId, (batch.messages.get(chatId) ?? 0) + contents.length);
    return 'stored';
  }

  #chatId(token: string, chat: number): number | undefined {
    const name = `${token}:${chat}`;
    const known = this.#chatIds.get(name);
    if (known !== undefined) return known;
    const id = this.#statements.chatEvent.get(token, chat)?.id;
    if (id !== undefined) this.#chatIds.set(name, id);
    return id;
  }
}

function repeatedOr(same: boolean, detail: string): Outcome {
  return same ? 'repeated' : { reason: 'collision', detail };
}

function prepare(database: Database) {
  return {
    applicationEvent: database.query<{ eventId: string }, [string]>(
      'SELECT event_id AS eventId FROM applications WHERE token = ?',
    ),
    insertApplication: database.query<unknown, [string, string, string, number, number]>(
      'INSERT INTO applications (token, name, event_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?)',
    ),
    chatEvent: database.query<{ id: number; eventId: string }, [string, number]>(
      'SELECT id, event_id AS eventId FROM chats WHERE token = ? AND number = ?',
    ),
    insertChat: database.query<unknown, [string, number, string, string, number, number]>(
      'INSERT INTO chats (token, number, name, event_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    messageEvent: database.query<{ eventId: string }, [number, number, number]>(
      `SELECT event_id AS eventId FROM messages
       WHERE id BETWEEN (?1 << ${NUMBER_BITS}) + ?2 AND (?1 << ${NUMBER_BITS}) + ?3 LIMIT 1`,
    ),
    insertMessage: database.query<unknown, [number, number, string, string, number, number]>(
      `INSERT INTO messages (id, content, event_id, created_at, updated_at)
       VALUES ((?1 << ${NUMBER_BITS}) + ?2, ?3, ?4, ?5, ?6)`,
    ),
    countChats: database.query<unknown, [number, string]>(
      'UPDATE applications SET chats_count = chats_count + ? WHERE token = ?',
    ),
    countMessages: database.query<unknown, [number, number]>(
      'UPDATE chats SET messages_count = messages_count + ? WHERE id = ?',
    ),
  };
}
