/**
 * Reads the parameters of a path strictly. A text that cannot be a token or number names nothing: NotFound (a 404). A
 * user is an id of the client's own, so a wrong one is a 422 that says what an id may have.
 */
import { NotFound, parseId, parseNumber, parseToken, type Token } from '@parley/domain';
import { NO_ID } from './field-errors.ts';
import { RequestProblem } from './problem.ts';

export function tokenParam(text: string): Token {
  const token = parseToken(text);
  if (token === undefined) throw new NotFound('application');
  return token;
}

export function chatParam(text: string): number {
  const number = parseNumber(text);
  if (number === undefined) throw new NotFound('chat');
  return number;
}

export function messageParam(text: string): number {
  const number = parseNumber(text);
  if (number === undefined) throw new NotFound('message');
  return number;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function keyParam(text: string): string {
  if (!UUID.test(text)) throw new NotFound('key');
  return text;
}

export function userParam(text: string): string {
  const id = parseId(text);
  if (id === undefined) {
    throw new RequestProblem(422, 'The user’s id is not valid.', [{ path: 'user_id', message: NO_ID }]);
  }
  return id;
}
