import type { IdempotencyKey, Token } from '@parley/domain';
import { Acceptance } from '../acceptance.ts';

/** Accepts single creates for tests, and resolves with the token or the first number. */
export class Accepting extends Acceptance {
  application(name: string, key?: IdempotencyKey): Promise<Token> {
    return this.acceptOne({ type: 'application', name, key }, ({ token }) => token);
  }

  chat(token: Token, name: string, key?: IdempotencyKey): Promise<number> {
    return this.acceptOne({ type: 'chat', token, name, key }, ({ first }) => first);
  }

  messages(token: Token, chat: number, contents: string[], key?: IdempotencyKey): Promise<number> {
    return this.acceptOne({ type: 'messages', token, chat, contents, key }, ({ first }) => first);
  }
}
