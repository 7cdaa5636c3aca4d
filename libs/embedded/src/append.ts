import type { Database } from 'bun:sqlite';
import {
  type Appended,
  type ApplicationCreated,
  type ChatCreated,
  type Event,
  type MessageExtras,
  type MessagesCreated,
  NUMBER_MAX,
  type Rejection,
  recordOf,
  rowsOf,
} from '@parley/domain';
import { NUMBER_BITS } from './database.ts';
import type { EmbeddedFeed } from './feed.ts';
import type { KeptKeys } from './kept-keys.ts';
import type { LivingChat, Owners } from './owners.ts';
import type { SearchBacklog } from './search-backlog.ts';
import type { Searchable } from './search-tables.ts';

/** What became of one event. `repeated`: it was stored before. `discarded`: it is below something that was deleted. */
type Outcome = 'stored' | 'repeated' | 'discarded' | { readonly reason: Rejection['reason']; readonly detail: string };

/** What follows a batch's rows: counts of new chats by token, of new messages by chat id, rows of the search tables. */
interface Batch {
  readonly chats: Map<string, number>;
  readonly messages: Map<number, number>;
  readonly searchable: Searchable[];
}

/**
 * Writes each batch of events in one transaction: rows, counts, idempotency keys and the feed's entry. The search tables
 * get the batch's messages afterwards. Statements are prepared once and written by hand: on this hot path a query builder
 * would halve the speed.
 */
export class Appender {
  readonly #statements;
  readonly #transaction;

  constructor(
    database: Database,
    private readonly owners: Owners,
    private readonly keys: KeptKeys,
    private readonly backlog: SearchBacklog,
    private readonly feed: EmbeddedFeed,
  ) {
    this.#statements = prepare(database);
    this.#transaction = database.transaction((events: readonly Event[]) => this.#write(events));
  }

  /** Stores events in one transaction. Throws the database's error; then nothing is stored. */
  append(events: readonly Event[]): Appended {
    try {
      this.backlog.makeRoom();
      const { appended, searchable } = this.#transaction.immediate(events);
      this.backlog.add(searchable);
      return appended;
    } catch (error) {
      this.owners.forget(); // remembered ids may belong to chats that were rolled back
      throw error;
    }
  }

  #write(events: readonly Event[]): { appended: Appended; searchable: readonly Searchable[] } {
    const batch: Batch = { chats: new Map(), messages: new Map(), searchable: [] };
    const stored: Event[] = [];
    const rejected: Rejection[] = [];
    let rows = 0;
    let repeated = 0;
    let discarded = 0;
    for (const event of events) {
      const outcome = this.#writeEvent(event, batch);
      if (outcome === 'repeated') repeated += 1;
      else if (outcome === 'discarded') discarded += 1;
      else if (outcome !== 'stored') rejected.push({ event, ...outcome });
      else {
        rows += rowsOf(event);
        stored.push(event);
        if (event.key !== undefined) this.keys.keep(event, event.key);
      }
    }
    this.#finish(batch);
    if (stored.length > 0) this.feed.add(recordOf(stored));
    const appended = { rows, repeated, discarded, rejected, uncounted: [] };
    return { appended, searchable: batch.searchable };
  }

  #finish({ chats, messages }: Batch): void {
    const { countChats, countMessages } = this.#statements;
    for (const [token, count] of chats) countChats.run(count, token);
    for (const [chat, count] of messages) countMessages.run(count, chat);
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
        const chat = this.owners.chat(event.token, event.chat);
        return chat === undefined ? this.#withoutChat(event) : this.#writeMessages(event, chat, batch);
      }
    }
  }

  #writeApplication({ id, token, name, metadata, at }: ApplicationCreated): Outcome {
    const taken = this.#statements.applicationEvent.get(token);
    if (taken !== null) return repeatedOr(taken.eventId === id, 'the token is taken');
    this.#statements.insertApplication.run(token, name, metadata ?? null, id, at, at);
    return 'stored';
  }

  #writeChat({ id, token, number, name, metadata, at }: ChatCreated): Outcome {
    const application = this.#statements.applicationEvent.get(token);
    if (application === null) return { reason: 'unknown-owner', detail: 'the application is not stored' };
    if (application.deletedAt !== null) return 'discarded';
    const taken = this.#statements.chatEvent.get(token, number);
    if (taken !== null) return repeatedOr(taken.eventId === id, `chat ${number} is taken`);
    this.#statements.insertChat.run(token, number, name, metadata ?? null, id, at, at, at);
    return 'stored';
  }

  #withoutChat({ token, chat }: MessagesCreated): Outcome {
    if (this.owners.isDeleted({ token, chat })) return 'discarded';
    return { reason: 'unknown-owner', detail: `chat ${chat} is not stored` };
  }

  #writeMessages(event: MessagesCreated, { id: chatId, purgedThrough }: LivingChat, batch: Batch): Outcome {
    const { id, chat, first, contents, at } = event;
    const { messageEvent, insertMessage } = this.#statements;
    const last = first + contents.length - 1;
    // With more than 34 bits, a number would make the message's id one of the next chat.
    if (last > NUMBER_MAX) return { reason: 'rejected', detail: `there is no message ${last}` };
    if (last <= purgedThrough) return 'discarded';
    const taken = messageEvent.get(chatId, first, last);
    if (taken !== null) return repeatedOr(taken.eventId === id, `a message of chat ${chat} from ${first} is taken`);
    let number = first;
    for (const content of contents) {
      const extras = event.extras?.[number - first];
      if (extras === undefined) insertMessage.run(chatId, number, content, id, at, at);
      else this.#insertWith(extras, chatId, number, content, event);
      batch.searchable.push({ chatId, number, content });
      number += 1;
    }
    batch.messages.set(chatId, (batch.messages.get(chatId) ?? 0) + contents.length);
    return 'stored';
  }

  #insertWith(
    extras: MessageExtras,
    chatId: number,
    number: number,
    content: string,
    { id, at }: MessagesCreated,
  ): void {
    const { senderId = null, metadata = null, createdAt } = extras;
    const acceptedAt = createdAt === undefined ? null : at;
    const times = [createdAt ?? at, createdAt ?? at, acceptedAt] as const;
    this.#statements.insertMessageWith.run(chatId, number, content, id, ...times, senderId, metadata);
  }
}

function repeatedOr(same: boolean, detail: string): Outcome {
  return same ? 'repeated' : { reason: 'collision', detail };
}

function prepare(database: Database) {
  type Text = string | null;
  return {
    applicationEvent: database.query<{ eventId: string; deletedAt: number | null }, [string]>(
      'SELECT event_id AS eventId, deleted_at AS deletedAt FROM applications WHERE token = ?',
    ),
    insertApplication: database.query<unknown, [string, string, Text, string, number, number]>(
      'INSERT INTO applications (token, name, metadata, event_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    chatEvent: database.query<{ eventId: string }, [string, number]>(
      'SELECT event_id AS eventId FROM chats WHERE token = ? AND number = ?',
    ),
    insertChat: database.query<unknown, [string, number, string, Text, string, number, number, number]>(
      `INSERT INTO chats (token, number, name, metadata, event_id, created_at, updated_at, active_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    messageEvent: database.query<{ eventId: string }, [number, number, number]>(
      `SELECT event_id AS eventId FROM messages
       WHERE id BETWEEN (?1 << ${NUMBER_BITS}) + ?2 AND (?1 << ${NUMBER_BITS}) + ?3 LIMIT 1`,
    ),
    insertMessage: database.query<unknown, [number, number, string, string, number, number]>(
      `INSERT INTO messages (id, content, event_id, created_at, updated_at)
       VALUES ((?1 << ${NUMBER_BITS}) + ?2, ?3, ?4, ?5, ?6)`,
    ),
    insertMessageWith: database.query<
      unknown,
      [number, number, string, string, number, number, number | null, Text, Text]
    >(
      `INSERT INTO messages (id, content, event_id, created_at, updated_at, accepted_at, sender_id, metadata)
       VALUES ((?1 << ${NUMBER_BITS}) + ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`,
    ),
    countChats: database.query<unknown, [number, string]>(
      'UPDATE applications SET chats_count = chats_count + ? WHERE token = ?',
    ),
    countMessages: database.query<unknown, [number, number]>(
      'UPDATE chats SET messages_count = messages_count + ? WHERE id = ?',
    ),
  };
}
