import type { IdempotencyKey, MessageExtras, Token } from '@parley/domain';
import { Acceptance } from '../acceptance.ts';

/** Accepts single creates for tests, and resolves with the token or the first number. */
export class Accepting extends Acceptance {
  application(name: string, key?: IdempotencyKey, metadata?: string): Promise<Token> {
    return this.acceptOne({ type: 'application', name, metadata, key }, ({ token }) => token);
  }

  chat(token: Token, name: string, key?: IdempotencyKey, metadata?: string): Promise<number> {
    return this.acceptOne({ type: 'chat', token, name, metadata, key }, ({ first }) => first);
  }

  messages(
    token: Token,
    chat: number,
    contents: string[],
    key?: IdempotencyKey,
    extras?: readonly MessageExtras[],
  ): Promise<number> {
    return this.acceptOne({ type: 'messages', token, chat, contents, extras, key }, ({ first }) => first);
  }
}
