import { describe, expect, test } from 'bun:test';
import { etagOf, lists, versionsOf } from './etag.ts';
import { RequestProblem } from './problem.ts';

test('a tag has the version and what else the answer shows', () => {
  expect([etagOf(3), etagOf(3, 17)]).toEqual(['"3"', '"3-17"']);
});

describe('If-Match', () => {
  test.each([
    [null, undefined],
    ['*', undefined],
    [' * ', undefined],
    ['"3"', [3]],
    ['W/"3"', [3]],
    ['"3-17"', [3]],
    ['"3", W/"4-1" ,"5"', [3, 4, 5]],
    ['"3","3-1"', [3]],
    [', "3",, "4" ,', [3, 4]],
    ['"abc"', [0]],
    ['"03"', [0]],
    ['"a,b", "2"', [0, 2]],
    ['""', [0]],
  ])('%p names the versions %p', (header, versions) => {
    expect(versionsOf(header)).toEqual(versions);
  });

  test.each(['3', '"3', '3"', '', '"3" "4"', ' , ', '"3";"4"', '*, "3"', 'w/"3"', '"a"b"'])(
    '%p is refused',
    (header) => {
      expect(() => versionsOf(header)).toThrow(RequestProblem);
    },
  );
});

describe('If-None-Match', () => {
  test.each([
    ['"3-17"', true],
    ['W/"3-17"', true],
    ['"1", "3-17"', true],
    ['"1", , "3-17"', true],
    ['*', true],
    [null, false],
    ['"3"', false],
    ['"3-18"', false],
    ['3-17', false],
    ['', false],
  ])('%p: listed is %p', (header, listed) => {
    expect(lists(header, '"3-17"')).toBe(listed);
  });
});
