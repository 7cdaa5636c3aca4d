import type { Database } from 'bun:sqlite';
import { type Owner, type Sequence, sequenceKey, type Token } from '@parley/domain';
import { RecentMap } from './recent-map.ts';

const CHATS_KEPT = 50_000;

/** A chat that is there, and whose application is there. */
export interface LivingChat {
  readonly id: number;
  /** Messages up to this number were removed, or are about to be. */
  readonly purgedThrough: number;
}

/**
 * Which applications and chats are there. Remembers chats: only this process changes the file, so `forget` after each
 * delete is enough.
 */
export class Owners {
  readonly #statements;
  readonly #chats = new RecentMap<LivingChat>(CHATS_KEPT);

  constructor(database: Database) {
    this.#statements = prepare(database);
  }

  /** False: it is not stored, or was deleted. */
  hasApplication(token: Token): boolean {
    return this.#statements.application.get(token)?.deleted === 0;
  }

  /** Undefined: it is not stored, or it or its application was deleted. */
  chat(token: Token, chat: number): LivingChat | undefined {
    const name = `${token}:${chat}`;
    const known = this.#chats.get(name);
    if (known !== undefined) return known;
    const found = this.#statements.chat.get(token, chat) ?? undefined;
    if (found !== undefined) this.#chats.set(name, found);
    return found;
  }

  has(sequence: Sequence): boolean {
    if (sequence.kind === 'chats') return this.hasApplication(sequence.token);
    return this.chat(sequence.token, sequence.chat) !== undefined;
  }

  /** Whether it, or the application of a chat, was deleted. What was never stored was not. */
  isDeleted({ token, chat }: Owner): boolean {
    if (chat !== undefined && this.#chats.get(sequenceKey({ kind: 'messages', token, chat })) !== undefined)
      return false;
    return this.#statements.deleted.get(token, chat ?? 0) !== null;
  }

  /** Call it after something was deleted, after messages were hidden, and after a create was rolled back. */
  forget(): void {
    this.#chats.clear();
  }
}

function prepare(database: Database) {
  return {
    application: database.query<{ deleted: number }, [string]>(
      'SELECT deleted_at IS NOT NULL AS deleted FROM applications WHERE token = ?',
    ),
    chat: database.query<LivingChat, [string, number]>(
      `SELECT c.id, c.purged_through AS purgedThrough FROM chats c JOIN applications a ON a.token = c.token
       WHERE c.token = ? AND c.number = ? AND c.deleted_at IS NULL AND a.deleted_at IS NULL`,
    ),
    deleted: database.query<unknown, [string, number]>(
      `SELECT 1 FROM applications WHERE token = ?1 AND deleted_at IS NOT NULL
       UNION ALL SELECT 1 FROM chats WHERE token = ?1 AND number = ?2 AND deleted_at IS NOT NULL LIMIT 1`,
    ),
  };
}
