/** Reads the parameters of a path strictly. A text that cannot be a token or number names nothing: NotFound (a 404). */
import { NotFound, parseNumber, parseToken, type Token } from '@parley/domain';

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
