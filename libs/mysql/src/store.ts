import type {
  Appended,
  Application,
  Chat,
  Event,
  Message,
  Page,
  PageRequest,
  Sequence,
  Store,
  Token,
} from '@parley/domain';
import { append } from './append/append.ts';
import { KnownOwners } from './append/owners.ts';
import { renameApplication, renameChat, rewriteMessage } from './changes.ts';
import { refusalOf } from './faults.ts';
import type { Pool } from './pool.ts';
import { Reads } from './read/reads.ts';
import { toApplication, toChat, toMessage } from './read/rows.ts';

/** Applications, chats and messages in MySQL. Batches have a pool of their own, so that reads never wait behind them. */
export class MysqlStore implements Store {
  readonly #writers: Pool;
  readonly #readers: Pool;
  readonly #reads: Reads;
  readonly #owners = new KnownOwners();

  constructor(writers: Pool, readers: Pool) {
    this.#writers = writers;
    this.#readers = readers;
    this.#reads = new Reads(readers);
  }

  append(events: readonly Event[]): Promise<Appended> {
    return refusing(append(this.#writers, this.#owners, events));
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

  messages(token: Token, chat: number, page: PageRequest<number>): Promise<Page<Message>> {
    return refusing(this.#reads.messages(token, chat, page));
  }

  async renameApplication(token: Token, name: string): Promise<Application | undefined> {
    const row = await refusing(renameApplication(this.#readers, token, name));
    return row && toApplication(row);
  }

  async renameChat(token: Token, chat: number, name: string): Promise<Chat | undefined> {
    const row = await refusing(renameChat(this.#readers, { token, chat }, name));
    return row && toChat(row);
  }

  async rewriteMessage(token: Token, chat: number, message: number, content: string): Promise<Message | undefined> {
    const row = await refusing(rewriteMessage(this.#readers, { token, chat, message }, content));
    return row && toMessage(row);
  }

  highestNumber(sequence: Sequence): Promise<number | undefined> {
    return refusing(this.#reads.highestNumber(sequence));
  }

  async ping(): Promise<void> {
    await refusing(this.#readers.useAgain((session) => session.select('SELECT 1')));
  }
}

export async function refusing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusalOf(error);
  }
}
