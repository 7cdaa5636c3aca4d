import { expect, test } from 'bun:test';
import type { RequestProblem } from './problem.ts';
import { queryOf } from './query.ts';

const at = (query: string, origin = 'http://localhost') => new Request(`${origin}/api/x${query}`);
const KNOWN = ['limit', 'after'];

function errorsOf(query: string): string[] {
  try {
    queryOf(at(query), KNOWN);
    return [];
  } catch (error) {
    const { status, errors = [] } = error as RequestProblem;
    expect(status).toBe(422);
    return errors.map(({ path, message }) => `${path} ${message}`);
  }
}

test('the parameters that are known are read', () => {
  expect(queryOf(at(''), KNOWN)).toEqual({});
  expect(queryOf(at('?'), KNOWN)).toEqual({});
  expect(queryOf(at('?limit=5&after=a+b%20%C3%A9'), KNOWN)).toEqual({ limit: '5', after: 'a b é' });
  expect(queryOf(at('?limit&after='), KNOWN)).toEqual({ limit: '', after: '' });
  expect(queryOf(at('?&&limit=a=b&'), KNOWN)).toEqual({ limit: 'a=b' });
  expect(queryOf(at('?limit=?', 'https://example.org:8080'), KNOWN)).toEqual({ limit: '?' });
});

test('others are refused by name, and so is one that comes again or cannot be read', () => {
  expect(errorsOf('?page=2&limit=1')).toEqual(['page is not a known parameter']);
  expect(errorsOf('?Limit=1&__proto__=1&toString')).toEqual([
    'Limit is not a known parameter',
    '__proto__ is not a known parameter',
    'toString is not a known parameter',
  ]);
  expect(errorsOf('?limit=1&limit=1')).toEqual(['limit must be given once']);
  expect(errorsOf('?limit=1&l%69mit=2')).toEqual(['limit must be given once']);
  expect(errorsOf('?limit=%zz&after=%ff')).toEqual([
    'limit must be percent-encoded UTF-8',
    'after must be percent-encoded UTF-8',
  ]);
  expect(errorsOf('?%zz=1')).toEqual(['%zz is not a known parameter']);
});

test('of many that are wrong the first twenty are told', () => {
  expect(errorsOf(`?${Array.from({ length: 5_000 }, (_, index) => `k${index}`).join('&')}`)).toHaveLength(20);
});

test('a route without parameters refuses all of them and nothing else', () => {
  expect(queryOf(at(''), [])).toEqual({});
  expect(queryOf(at('?'), [])).toEqual({});
  expect(() => queryOf(at('?limit=1'), [])).toThrow('The query of the URL is not valid.');
});
