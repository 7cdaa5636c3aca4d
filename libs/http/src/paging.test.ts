import { describe, expect, test } from 'bun:test';
import type { Page } from '@parley/domain';
import { numberLinks, numberPage, userLinks, userPage } from './paging.ts';

const links = (query: Record<string, string>, numbers: readonly number[], through?: number) => {
  const rows = numbers.map((number) => ({ number }));
  const page: Page<{ number: number }, number> = { rows, more: true, ...(through !== undefined && { through }) };
  return numberLinks('/x', numberPage({ limit: '2', ...query }), page);
};

describe('a page that ends early, because it read many deleted rows', () => {
  test.each<[Record<string, string>, number[], number, string]>([
    [{}, [3], 2_000, '</x?limit=2&after=2000>; rel="next"'],
    [{}, [], 2_000, '</x?limit=2&after=2000>; rel="next"'],
    [{ after: '0' }, [], 2_000, '</x?limit=2&after=2000>; rel="next"'],
    [{ after: '7' }, [], 2_007, '</x?limit=2&after=2007>; rel="next", </x?limit=2&before=8>; rel="prev"'],
    [{ order: 'desc' }, [9], 4, '</x?limit=2&before=4&order=desc>; rel="next"'],
    [{ order: 'desc' }, [], 4, '</x?limit=2&before=4&order=desc>; rel="next"'],
    [
      { order: 'desc', before: '9' },
      [],
      4,
      '</x?limit=2&before=4&order=desc>; rel="next", </x?limit=2&after=8&order=desc>; rel="prev"',
    ],
    [{ before: '9' }, [8], 4, '</x?limit=2&after=8>; rel="next", </x?limit=2&before=4>; rel="prev"'],
  ])('%j with the rows %j, read to %p', (query, rows, through, link) => {
    expect(links(query, rows, through)).toBe(link);
  });
});

test('a full page goes on after its last row', () => {
  expect(links({}, [1, 2])).toBe('</x?limit=2&after=2>; rel="next"');
  expect(links({ order: 'desc' }, [9, 8])).toBe('</x?limit=2&before=8&order=desc>; rel="next"');
});

test('parameters that each page has are in both links', () => {
  const request = numberPage({ limit: '1', after: '4' });
  const page = { rows: [{ number: 5 }], more: true };
  expect(numberLinks('/x', request, page, '&user_id=a%40b')).toBe(
    '</x?limit=1&after=5&user_id=a%40b>; rel="next", </x?limit=1&before=5&user_id=a%40b>; rel="prev"',
  );
});

test('a page of users leads to the next one, with its escaped id', () => {
  const rows = [{ userId: 'a@b+c' }];
  expect(userLinks('/x', userPage({ limit: '1' }), { rows, more: true })).toBe(
    '</x?limit=1&after=a%40b%2Bc>; rel="next"',
  );
  expect(userLinks('/x', userPage({ limit: '1' }), { rows, more: false })).toBeUndefined();
  expect(() => userPage({ after: 'a b' })).toThrow('query');
});
