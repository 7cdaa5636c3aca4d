import { expect, test } from 'bun:test';
import { DomainError, EventRejected, IdempotencyConflict, NotFound, Unavailable } from './errors.ts';

test('every refusal is a DomainError that names itself', () => {
  const errors = [
    new NotFound('chat'),
    new IdempotencyConflict(),
    new Unavailable('store', 'The store is away.'),
    new EventRejected('collision'),
  ];
  expect(errors.every((error) => error instanceof DomainError)).toBe(true);
  expect(errors.map(({ name }) => name)).toEqual(['NotFound', 'IdempotencyConflict', 'Unavailable', 'EventRejected']);
});

test('what is shown to a client does not hold the inner cause', () => {
  const cause = new Error('password=secret');
  const error = new Unavailable('store', 'The store is away.', { cause, retryAfterSeconds: 5 });
  expect(error.message).toBe('The store is away.');
  expect([error.cause, error.retryAfterSeconds]).toEqual([cause, 5]);
});

test('what is away may be tried again after a second where nothing else is said', () => {
  expect(new Unavailable('numbers', 'Away.').retryAfterSeconds).toBe(1);
});
